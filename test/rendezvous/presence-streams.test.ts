import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createPresenceStreams, type PresenceStreamsOptions } from '../../node/rendezvous/presence-streams.ts'
import { createRawNetwork } from '../helpers/raw-network.ts'
import { PRESENCE_CODEC } from '../helpers/raw-stream.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

let peers: SeededPeer[]
beforeAll(async () => {
  peers = await Promise.all([1, 2, 3, 4].map(createSeededPeer))
})

const opened: { stop(): void }[] = []
afterEach(() => {
  for (const streams of opened.splice(0)) streams.stop()
})

/** Presence streams over a network in memory; the far ends answer the hello, and no heartbeat. */
function createOpened({ role = 'node', ...options }: Partial<PresenceStreamsOptions> & { role?: 'tab' | 'node' } = {}) {
  const {
    libp2p,
    streams: remotes,
    aborted,
  } = createRawNetwork(PRESENCE_CODEC, {
    onStream: ({ send }) => void send({ type: 'welcome', addresses: [], nowMs: 0, servers: [] }),
  })
  const events = {
    onWelcome: vi.fn(),
    onServers: vi.fn(),
    onCount: vi.fn(),
    onRefused: vi.fn(),
    onTime: vi.fn(),
    onOpen: vi.fn(),
    onEnd: vi.fn(),
    needs: () => false,
  }
  const streams = createPresenceStreams(
    { libp2p, role, isWanted: () => true, isEntrance: () => false, random: Math.random },
    { beatMs: 60_000, silentMs: 60_000, maxLinks: 10, ...options },
  )
  streams.listen(events)
  opened.push(streams)
  return { streams, aborted, remotes, events }
}

test('presence streams: one that has ended is gone, and opened anew when needed', async () => {
  const { streams, remotes, events } = createOpened()
  const [peer] = peers as [SeededPeer]
  const first = await streams.open(peer.peer)
  await first.welcomed
  remotes[0]?.frames.close()
  await waitFor(() => events.onEnd.mock.calls.length === 1, 1_000, 'the end')
  expect(streams.get(peer.peer)).toBeUndefined()
  expect(streams.all()).toEqual([])
  expect(await streams.open(peer.peer)).not.toBe(first)
})

test('presence streams: a tab leaves the connection of a home that answers no more; a node leaves it to the pings', async () => {
  const [peer] = peers as [SeededPeer]
  for (const [role, expected] of [
    ['tab', [peer.id]],
    ['node', []],
  ] as const) {
    const { streams, aborted, events } = createOpened({ role, beatMs: 10, silentMs: 30 })
    await (await streams.open(peer.peer)).welcomed
    await waitFor(() => events.onEnd.mock.calls.length === 1, 2_000, 'the end')
    expect(aborted).toEqual(expected)
  }
})

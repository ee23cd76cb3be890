/** Tabs behind one home with streams to each other through it, and the same peers' streams to the home alone. */

import { createQuota } from '../../../node/async/quota.ts'
import { TAB_LIMITS } from '../../../node/limits.ts'
import { createAddressBook, createClock, createOverlay, createSupervisor } from '../../../node/network/index.ts'
import { createWays, type WaysService } from '../../../node/people/way/ways.ts'
import { createRecordStore, createRendezvous, PRESENCE_PROTOCOL } from '../../../node/rendezvous/index.ts'
import { waitUntil } from '../wait.ts'
import { serveCalls } from '../worker.ts'

const PROTOCOL = '/mayfly-bench/way/1.0.0'
const LIMITS = { maxInboundPerPeer: 1_024, maxInbound: 65_536 }
const FRAMES = { maxFrameBytes: 1_024, maxUnsentBytes: 65_536, onFrame() {}, onEnd() {} }

interface Tab {
  id: string
  home: string
  libp2p: Awaited<ReturnType<typeof createOverlay>>['libp2p']
  ways: WaysService
}

const tabs: Tab[] = []

async function startTab(address: string): Promise<Tab> {
  const overlay = await createOverlay({ role: 'tab', maxConnections: 64, serverProtocol: PRESENCE_PROTOCOL })
  const { libp2p, servers, privateKey } = overlay
  const emit = () => {}
  const supervisor = createSupervisor({ libp2p, servers, role: 'tab', emit, random: Math.random })
  const store = createRecordStore(TAB_LIMITS, Date.now, Math.random)
  const parts = {
    overlay,
    supervisor,
    store,
    addresses: createAddressBook(),
    tabs: createQuota(),
    emit,
    clock: createClock(),
    random: Math.random,
  }
  const presence = createRendezvous(parts, TAB_LIMITS)
  await servers.start()
  await presence.start()
  await libp2p.start()
  supervisor.join([address])
  supervisor.start()
  await waitUntil(async () => presence.home !== undefined, 30_000, 'the tab has a home')
  const ways = createWays({ libp2p, role: 'tab', privateKey, home: () => presence.home, direct: undefined, random: Math.random })
  ways.handle(PROTOCOL, (way) => void way.createFrames(FRAMES), LIMITS)
  await ways.start()
  return { id: libp2p.peerId.toString(), home: (presence.home ?? '').toString(), libp2p, ways }
}

const calls = {
  async start({ count, address }: { count: number; address: string }) {
    for (let i = 0; i < count; i++) tabs.push(await startTab(address))
  },
  /** Each tab opens so many to its neighbours. Resolves with how long each took, in ms. */
  async open({ each }: { each: number }): Promise<number[]> {
    const times: number[] = []
    for (let round = 1; round <= each; round++) {
      for (const [i, { ways }] of tabs.entries()) {
        const { id, home } = tabs[(i + 1 + (round % (tabs.length - 1))) % tabs.length] as Tab
        const startedAtMs = performance.now()
        const way = await ways.open({ peer: id, home, addresses: [] }, PROTOCOL)
        times.push(performance.now() - startedAtMs)
        way.createFrames(FRAMES)
      }
    }
    return times
  },
  /** The same number of plain streams to the home, for comparison. */
  async ping({ each }: { each: number }): Promise<number[]> {
    const times: number[] = []
    for (let round = 0; round < each; round++) {
      for (const { libp2p } of tabs) {
        const [connection] = libp2p.getConnections()
        if (connection === undefined) throw new Error('no connection')
        const startedAtMs = performance.now()
        const stream = await connection.newStream('/ipfs/ping/1.0.0', { maxOutboundStreams: 8 })
        times.push(performance.now() - startedAtMs)
        stream.abort(new Error('measured'))
      }
    }
    return times
  },
}

export type RelayTabsCalls = typeof calls

serveCalls(calls)

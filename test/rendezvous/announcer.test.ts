import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { type Announcer, createAnnouncer } from '../../node/rendezvous/announcer.ts'
import type { PresenceStream } from '../../node/rendezvous/presence-stream.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const KEY = new Uint8Array(32).fill(1)
const LEASE = Uint8Array.of(1)
const RENEWED = Uint8Array.of(2)

let peers: SeededPeer[]
let holder: SeededPeer
let other: SeededPeer
beforeAll(async () => {
  ;[holder, other, ...peers] = (await Promise.all([1, 2, 3, 4, 5].map(createSeededPeer))) as [SeededPeer, SeededPeer, ...SeededPeer[]]
})

/** An announcer whose record nodes store received leases for the test; those in `refusing` take nothing. */
function createAnnouncing(targets: SeededPeer[]) {
  const place = { targets }
  const kept = new Map<string, Uint8Array[]>()
  const refusing = new Set<string>()
  const streams = new Map<string, PresenceStream>()
  const wanted: string[] = []
  const refusals: string[] = []
  const announcer: Announcer = createAnnouncer(
    {
      targets: () => place.targets.map(({ peer }) => peer),
      keepsRecords: () => false,
      async *walk() {},
      onRefused: (server, reason) => void refusals.push(`${reason} ${server}`),
    },
    { get: (peer) => streams.get(peer.toString()), keepOpen: (peer) => wanted.push(peer.toString()) },
  )
  const open = (peer: SeededPeer) => {
    const leases: Uint8Array[] = []
    kept.set(peer.id, leases)
    const stream = {
      id: peer.id,
      async hold(told: Uint8Array[]) {
        if (refusing.has(peer.id)) return []
        leases.push(...told)
        return told
      },
      release(records: unknown[]) {
        leases.splice(0, records.length)
      },
    } as unknown as PresenceStream
    streams.set(peer.id, stream)
    return stream
  }
  return { announcer, place, kept, refusing, refusals, open, wanted }
}
const ids = (list: SeededPeer[]) => list.map(({ id }) => id)

test('announcer: tells each record node of a lease, and of its renewal', async () => {
  const { announcer, kept, open } = createAnnouncing(peers)
  for (const peer of peers) open(peer)
  await announcer.announce(KEY, holder.id, LEASE)
  expect([...kept.values()]).toEqual([[LEASE], [LEASE], [LEASE]])
  await announcer.announce(KEY, holder.id, RENEWED)
  expect([...kept.values()]).toEqual(peers.map(() => [LEASE, RENEWED]))
  expect(announcer.size).toBe(1)
})

test('announcer: a record node without a stream gets the lease when it has one', async () => {
  const [a, b] = peers as [SeededPeer, SeededPeer]
  const { announcer, kept, open, wanted } = createAnnouncing([a, b])
  open(a)
  await announcer.announce(KEY, holder.id, LEASE)
  expect(wanted).toEqual([b.id])
  expect(ids(peers).map(announcer.needs)).toEqual([true, true, false])
  announcer.onStream(open(b))
  expect(kept.get(b.id)).toEqual([LEASE])
})

test('announcer: a lease is announced when the first record node takes it, or there is none', async () => {
  const [a, b] = peers as [SeededPeer, SeededPeer]
  const { announcer, refusing, open } = createAnnouncing([a, b])
  refusing.add(a.id)
  open(a)
  let isAnnounced = false
  const announcing = announcer.announce(KEY, holder.id, LEASE).then(() => {
    isAnnounced = true
  })
  await waitFor(() => announcer.needs(b.id), 1_000, 'the record nodes are known')
  expect(isAnnounced).toBe(false)
  announcer.onStream(open(b))
  await announcing
  await createAnnouncing([]).announcer.announce(KEY, holder.id, LEASE)
})

test('announcer: a caller waiting for a lease that is replaced or withdrawn waits no more', async () => {
  const { announcer } = createAnnouncing(peers)
  const first = announcer.announce(KEY, holder.id, LEASE)
  await waitFor(() => announcer.needs((peers[0] as SeededPeer).id), 1_000, 'the record nodes are known')
  const second = announcer.announce(KEY, holder.id, RENEWED)
  await first
  announcer.withdraw(KEY, holder.id)
  await second
  expect(announcer.size).toBe(0)
})

test('announcer: a second holder of a key that is just being placed is announced with the first', async () => {
  const [a] = peers as [SeededPeer]
  const { announcer, kept, open } = createAnnouncing([a])
  open(a)
  await Promise.all([announcer.announce(KEY, holder.id, LEASE), announcer.announce(KEY, other.id, RENEWED)])
  expect(kept.get(a.id)).toEqual([LEASE, RENEWED])
  expect(announcer.size).toBe(2)
})

test('announcer: a lease withdrawn before it is placed is sent to nobody', async () => {
  const [a] = peers as [SeededPeer]
  const { announcer, kept, open } = createAnnouncing([a])
  open(a)
  const announcing = announcer.announce(KEY, holder.id, LEASE)
  announcer.withdraw(KEY, holder.id)
  announcer.withdraw(KEY, holder.id)
  await announcing
  expect(kept.get(a.id)).toEqual([])
  expect(announcer.size).toBe(0)
})

test('announcer: when the record nodes change, the new ones get the lease and the old ones its release', async () => {
  const [a, b, c] = peers as [SeededPeer, SeededPeer, SeededPeer]
  const { announcer, place, kept, open } = createAnnouncing([a, b])
  for (const peer of peers) open(peer)
  await announcer.announce(KEY, holder.id, LEASE)
  place.targets = [b, c]
  await announcer.refresh()
  expect([a, b, c].map(({ id }) => kept.get(id))).toEqual([[], [LEASE], [LEASE]])
  expect(announcer.needs(a.id)).toBe(false)
})

test('announcer: a withdrawn lease is released at each record node, and the others of its key stay', async () => {
  const [a] = peers as [SeededPeer]
  const { announcer, kept, open } = createAnnouncing([a])
  open(a)
  await announcer.announce(KEY, holder.id, LEASE)
  await announcer.announce(KEY, other.id, RENEWED)
  announcer.withdraw(KEY, holder.id)
  expect(kept.get(a.id)).toEqual([RENEWED])
  expect(announcer.needs(a.id)).toBe(true)
  announcer.withdraw(KEY, other.id)
  expect(announcer.needs(a.id)).toBe(false)
})

/** A record node that refuses what it is told while `isRefused`, as a stream does: before its answer is handed on. */
function createRefusing({ id }: SeededPeer) {
  const world = createAnnouncing([])
  const sentAtMs: number[] = []
  const node = { isRefused: true }
  const stream = {
    ...{ id, askTime() {}, release() {} },
    async hold(told: Uint8Array[]) {
      if (told.length > 0) sentAtMs.push(Date.now())
      if (!node.isRefused) return told
      for (const lease of told) world.announcer.onRefused(stream, lease, 'busy')
      return []
    },
  } as unknown as PresenceStream
  return { ...world, sentAtMs, node, stream }
}

test('announcer: a lease that was refused for a while is sent again, less and less often, and as soon as at first once it was taken', async () => {
  vi.useFakeTimers({ now: 0 })
  onTestFinished(() => void vi.useRealTimers())
  const [a] = peers as [SeededPeer]
  const { announcer, place, sentAtMs, node, stream } = createRefusing(a)
  place.targets = [a]
  void announcer.announce(KEY, holder.id, LEASE)
  await vi.advanceTimersByTimeAsync(0)
  announcer.onStream(stream)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(sentAtMs).toEqual([0, 2_000, 6_000, 14_000])
  node.isRefused = false
  await vi.advanceTimersByTimeAsync(20_000)
  announcer.onRefused(stream, LEASE, 'older')
  await vi.advanceTimersByTimeAsync(2_000)
  expect(sentAtMs.slice(4)).toEqual([30_000, 42_000])
})

test('announcer: a lease that was refused for a while is not sent again once it is withdrawn, or its stream has ended', async () => {
  vi.useFakeTimers({ now: 0 })
  onTestFinished(() => void vi.useRealTimers())
  const [a] = peers as [SeededPeer]
  const { announcer, place, sentAtMs, stream } = createRefusing(a)
  place.targets = [a]
  void announcer.announce(KEY, holder.id, LEASE)
  await vi.advanceTimersByTimeAsync(0)
  announcer.onStream(stream)
  announcer.withdraw(KEY, holder.id)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(sentAtMs).toEqual([0])
  announcer.onRefused(stream, LEASE, 'older')
  announcer.onStreamEnd(stream)
  expect(vi.getTimerCount()).toBe(0)
})

test('announcer: a refusal that does not pass is told to the placement, since another server may have room', async () => {
  const [a] = peers as [SeededPeer]
  const { announcer, refusals, open } = createAnnouncing([a])
  const stream = { ...open(a), askTime() {} } as PresenceStream
  for (const reason of ['older', 'records', 'busy', 'leases-per-peer'] as const) announcer.onRefused(stream, LEASE, reason)
  announcer.onStreamEnd(stream)
  expect(refusals).toEqual([`records ${a.id}`, `leases-per-peer ${a.id}`])
})

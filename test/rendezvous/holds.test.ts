import type { PeerId } from '@libp2p/interface'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createHolds } from '../../node/rendezvous/holds.ts'
import { isLeaseSigned, type Lease, type LeaseOptions, signLease } from '../../node/rendezvous/lease.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'

const KEY = new Uint8Array(32).fill(1)
const OTHER_KEY = new Uint8Array(32).fill(2)

let self: SeededPeer
let home: SeededPeer
let otherHome: SeededPeer
beforeAll(async () => {
  ;[self, home, otherHome] = (await Promise.all([1, 2, 3].map(createSeededPeer))) as [SeededPeer, SeededPeer, SeededPeer]
})
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function createHolding(options: LeaseOptions & { maxHolds?: number; random?: number } = {}) {
  const place: { home: PeerId | undefined; aheadMs: number; taken: Promise<void> } = {
    home: home.peer,
    aheadMs: 0,
    taken: Promise.resolve(),
  }
  const announced: Lease[] = []
  const withdrawn: Uint8Array[] = []
  const holds = createHolds(
    {
      sign: (terms) => signLease(self.peer, self.privateKey, terms),
      maxHolds: options.maxHolds ?? 10,
      home: () => place.home,
      now: () => Date.now() + place.aheadMs,
      random: () => options.random ?? 0.5,
      announce: (lease) => {
        announced.push(lease)
        return place.taken
      },
      withdraw: (key) => withdrawn.push(key),
    },
    options,
  )
  return { holds, place, announced, withdrawn }
}
/** Signing takes a few turns of the event loop. */
const signed = (announced: Lease[], count: number) => vi.waitUntil(() => announced.length >= count, { timeout: 10_000, interval: 1 })

test('holds: a hold is announced by a signed lease that names the home', async () => {
  const { holds, announced } = createHolding({ lifetimeMs: 1_000 })
  holds.hold(KEY)
  await signed(announced, 1)
  const [lease] = announced as [Lease]
  expect(lease).toMatchObject({ key: KEY, holder: self.id, home: home.id })
  expect(lease.expiresAtMs - lease.issuedAtMs).toBe(1_000)
  expect(await isLeaseSigned(lease)).toBe(true)
})

test('holds: a key held twice is announced once, and withdrawn when both have released it', async () => {
  const { holds, announced, withdrawn } = createHolding()
  const [first, second] = [holds.hold(KEY), holds.hold(KEY)]
  await signed(announced, 1)
  expect(holds.size).toBe(1)
  await first.release()
  await first.release()
  expect(withdrawn).toEqual([])
  await second.release()
  expect(withdrawn).toEqual([KEY])
  expect(holds.size).toBe(0)
  expect(announced).toHaveLength(1)
})

test('holds: a key released before its lease is signed is never announced', async () => {
  const { holds, announced, withdrawn } = createHolding()
  await holds.hold(KEY).release()
  holds.hold(OTHER_KEY)
  await signed(announced, 1)
  expect(announced.map(({ key }) => key)).toEqual([OTHER_KEY])
  expect(withdrawn).toEqual([])
})

test('holds: a key released and held again is announced again', async () => {
  const { holds, announced } = createHolding()
  const hold = holds.hold(KEY)
  await signed(announced, 1)
  await hold.release()
  holds.hold(KEY)
  await signed(announced, 2)
  expect(announced).toHaveLength(2)
})

test('holds: lifetimeMs is how long a lease is good for; at half of it, spread, it is signed anew', async () => {
  const { holds, announced } = createHolding({ lifetimeMs: 10_000, random: 0 })
  holds.start()
  holds.hold(KEY)
  await signed(announced, 1)
  await vi.advanceTimersByTimeAsync(3_900)
  expect(announced).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(200)
  await signed(announced, 2)
  expect((announced[1] as Lease).expiresAtMs).toBeGreaterThan((announced[0] as Lease).expiresAtMs)
  holds.stop()
  expect(vi.getTimerCount()).toBe(0)
})

test('holds: a tab without a home announces nothing, and all of it once it has one', async () => {
  const { holds, place, announced } = createHolding()
  place.home = undefined
  holds.hold(KEY)
  holds.hold(OTHER_KEY)
  place.home = home.peer
  holds.rehome()
  await signed(announced, 2)
  expect(announced.map((lease) => lease.home)).toEqual([home.id, home.id])
})

test('holds: another home gets leases of its own, and the old ones are withdrawn', async () => {
  const { holds, place, announced, withdrawn } = createHolding()
  holds.hold(KEY)
  await signed(announced, 1)
  place.home = otherHome.peer
  holds.rehome()
  expect(withdrawn).toEqual([KEY])
  await signed(announced, 2)
  expect(announced[1]?.home).toBe(otherHome.id)
})

test('holds: the lease for a new home is the newer one even when the new home’s clock is behind', async () => {
  const { holds, place, announced } = createHolding()
  holds.hold(KEY)
  await signed(announced, 1)
  place.home = otherHome.peer
  place.aheadMs = -30_000
  holds.rehome()
  await signed(announced, 2)
  const [old, fresh] = announced as [Lease, Lease]
  expect(fresh.expiresAtMs).toBeGreaterThan(old.expiresAtMs)
})

test('holds: a signature that was overtaken by a change of home is thrown away', async () => {
  const { holds, place, announced } = createHolding()
  holds.hold(KEY)
  place.home = otherHome.peer
  holds.rehome()
  await signed(announced, 1)
  await vi.advanceTimersByTimeAsync(10)
  expect(announced.map((lease) => lease.home)).toEqual([otherHome.id])
})

test('holds: maxHolds bounds the keys, and not the holds of one', () => {
  const { holds } = createHolding({ maxHolds: 1 })
  holds.hold(KEY)
  holds.hold(KEY)
  expect(() => holds.hold(OTHER_KEY)).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
})

test('holds: a hold is announced once its lease was taken, or it is released', async () => {
  const { holds, place, announced } = createHolding()
  const taken = Promise.withResolvers<void>()
  place.taken = taken.promise
  const [first, second] = [holds.hold(KEY), holds.hold(KEY)]
  let count = 0
  for (const hold of [first, second]) void hold.announced.then(() => count++)
  await signed(announced, 1)
  expect(count).toBe(0)
  taken.resolve()
  await Promise.all([first.announced, second.announced])
  place.taken = new Promise(() => {})
  const released = holds.hold(OTHER_KEY)
  await released.release()
  await released.announced
  const stopped = holds.hold(new Uint8Array(32))
  holds.stop()
  await stopped.announced
})

test('holds: a time that was set back gives leases of that time at once, however far ahead the one before was', async () => {
  const { holds, place, announced } = createHolding()
  place.aheadMs = 3_600_000
  holds.hold(KEY)
  await signed(announced, 1)
  place.aheadMs = 0
  holds.renew()
  await signed(announced, 2)
  const [ahead, right] = announced as [Lease, Lease]
  expect(ahead.issuedAtMs - right.issuedAtMs).toBeGreaterThan(3_500_000)
})

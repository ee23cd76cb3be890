import type { PeerId } from '@libp2p/interface'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import {
  createReservationKeeper,
  type ReservationKeeper,
  type ReservationKeeperOptions,
  type Reservations,
} from '../../node/network/reservation-keeper.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'

let homes: SeededPeer[]
beforeAll(async () => {
  homes = await Promise.all([1, 2].map(createSeededPeer))
})

const keepers: ReservationKeeper[] = []
beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  for (const keeper of keepers.splice(0)) keeper.stop()
  vi.useRealTimers()
})

/** A keeper whose homes take reservations while they are willing. */
function createKeeper(options: ReservationKeeperOptions = {}) {
  const world = { home: undefined as PeerId | undefined, willing: true, asked: [] as string[], held: new Set<string>() }
  const reservations: Reservations = {
    async addRelay(peer) {
      world.asked.push(peer.toString())
      if (!world.willing) throw new Error('refused')
      world.held.add(peer.toString())
    },
    hasReservation: (peer) => world.held.has(peer.toString()),
    cancelReservations: () => world.held.clear(),
  }
  const keeper = createReservationKeeper(
    () => reservations,
    () => world.home,
    options,
  )
  keepers.push(keeper)
  return { world, keeper, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) }
}

test('reservation-keeper: reserves while somebody needs it, and at nobody’s before or after', async () => {
  const { world, keeper, pass } = createKeeper()
  const [home] = homes as [SeededPeer]
  world.home = home.peer
  await pass(60_000)
  expect(world.asked).toEqual([])
  const [one, two] = [keeper.need(), keeper.need()]
  await pass(0)
  expect(world.asked).toEqual([home.id])
  one()
  one()
  expect([keeper.isNeeded, world.held.size]).toEqual([true, 1])
  two()
  expect([keeper.isNeeded, world.held.size]).toEqual([false, 0])
  await pass(60_000)
  expect(world.asked).toHaveLength(1)
})

test('reservation-keeper: reserves at the new home at once, and anew where it was lost', async () => {
  const { world, keeper, pass } = createKeeper({ lookMs: 1_000 })
  const [first, second] = homes as [SeededPeer, SeededPeer]
  keeper.need()
  world.home = first.peer
  keeper.look()
  await pass(0)
  world.home = second.peer
  keeper.look()
  await pass(0)
  expect(world.asked).toEqual([first.id, second.id])
  world.held.clear()
  await pass(1_000)
  expect(world.asked).toEqual([first.id, second.id, second.id])
})

test('reservation-keeper: waits retryMs after a refusal, unless the home is new', async () => {
  const { world, keeper, pass } = createKeeper({ lookMs: 100, retryMs: 5_000 })
  const [home] = homes as [SeededPeer]
  world.home = home.peer
  world.willing = false
  keeper.need()
  await pass(4_900)
  expect(world.asked).toHaveLength(1)
  await pass(200)
  expect(world.asked).toHaveLength(2)
  keeper.look()
  await pass(0)
  expect(world.asked).toHaveLength(3)
})

import { expect, test } from 'vitest'
import { NODE_LIMITS } from '../../../node/limits.ts'
import type { RequestStreams } from '../../../node/messages/protocol/request-streams.ts'
import { createRouter } from '../../../node/messages/routing/router.ts'
import { createSeenMessages } from '../../../node/messages/routing/seen-messages.ts'
import { createSubscriptions } from '../../../node/messages/routing/subscriptions.ts'
import { createClock, type RoutingTable } from '../../../node/network/index.ts'
import type { Holder } from '../../../node/rendezvous/types.ts'
import { createSeededPeer } from '../../helpers/seeded-peer.ts'

const ALONE: RoutingTable = {
  size: 0,
  closest: () => [],
  placed: () => [],
  positionOfSelf: () => new Uint8Array(32),
  quietMs: () => Number.POSITIVE_INFINITY,
  wholeMs: () => Number.POSITIVE_INFINITY,
  walk: async function* () {
    yield* []
  },
  has: () => false,
  isIdentified: () => false,
  onChange: () => () => {},
  onIdentify: () => () => {},
  start: async () => {},
  stop: () => {},
}
const NO_STREAMS: RequestStreams = { request: () => () => {}, send: () => {}, isOpen: () => false, keepOpen: () => {}, stop: () => {} }

test('router: searches for public keys under way are limited over all peers and keys', async () => {
  const { peer: self } = await createSeededPeer(1)
  let [searched, underWay, most] = [0, 0, 0]
  const finished = Promise.withResolvers<void>()
  const router = createRouter(self, NO_STREAMS, {
    servers: ALONE,
    presence: {
      homesHolding: () => [],
      isTab: () => false,
      async *find(): AsyncGenerator<Holder, void> {
        searched++
        most = Math.max(most, ++underWay)
        await finished.promise
        underWay--
        yield* []
      },
    },
    subscriptions: createSubscriptions(),
    seenMessages: createSeenMessages(),
    limits: NODE_LIMITS,
    clock: createClock(),
  })
  const { signal } = new AbortController()
  const ask = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => router.publicKeys.find(new Uint8Array(32).fill(from + i), { signal }))
  const asked = ask(0, 100)
  expect(await Promise.all(asked.slice(32))).toEqual(new Array(68).fill(undefined))
  expect([searched, most]).toEqual([32, 32])
  finished.resolve()
  await Promise.all(asked)
  await Promise.all(ask(100, 1))
  expect(searched).toBe(33)
})

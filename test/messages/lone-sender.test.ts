import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { MayflyError } from '../../node/errors.ts'
import { encodeKeyHex } from '../../node/keys/index.ts'
import {
  createMemoryOutboxStore,
  createMessageSecret,
  decodeEnvelope,
  hashnameOf,
  publicKeyOf,
  signReceipt,
} from '../../node/messages/index.ts'
import { createLoneSender, type PostingGateway } from '../../node/messages/lone-sender.ts'
import type { GuestPosted, OutboxEntry, OutboxStore } from '../../node/messages/types.ts'
import { waitFor } from '../helpers/wait-for.ts'

afterEach(() => void vi.useRealTimers())

const HOUR_MS = 3_600_000
const NOBODY: GuestPosted = { taps: 0, keepers: 0, nodes: 0, untilMs: 0, refusal: undefined, receipts: [], declines: [] }

function stored(envelope: Uint8Array): GuestPosted {
  const { bytes } = signReceipt(createMessageSecret(), [decodeEnvelope(envelope).id], Date.now())
  return { ...NOBODY, taps: 1, keepers: 1, receipts: [bytes] }
}

interface Options {
  gateway?: Partial<PostingGateway>
  store?: OutboxStore
  wall?: () => number
}

/** @returns the sender, started, and the envelopes that its gateway got, in order */
async function start({ gateway, store = createMemoryOutboxStore(), wall = Date.now }: Options) {
  const posted: Uint8Array[] = []
  const { post = async (envelope: Uint8Array) => stored(envelope) } = gateway ?? {}
  const sender = createLoneSender({
    gateway: {
      now: Date.now,
      findPublicKey: async () => undefined,
      ...gateway,
      post(envelope, options) {
        posted.push(envelope)
        return post(envelope, options)
      },
    },
    ...{ secret: createMessageSecret(), store, limits: { maxMessageBytes: 65_536 }, wall, random: () => 0.5 },
  })
  onTestFinished(() => sender.stop())
  await sender.start()
  return { sender, posted, store }
}

/** Messages of an earlier sender, which nobody took. */
async function addOlder(store: OutboxStore, count: number): Promise<OutboxEntry[]> {
  const { sender } = await start({ store, gateway: { post: async () => NOBODY } })
  for (let i = 0; i < count; i++) await sender.post('#wall', { body: `older ${i}` })
  await sender.stop()
  return store.list(count)
}

test.each([
  ['ahead', 25 * HOUR_MS],
  ['behind', -25 * HOUR_MS],
])('lone sender: a machine whose clock is a day %s sends by the time of its gateway, and loses no older message', async (_, offMs) => {
  const store = createMemoryOutboxStore()
  const older = await addOlder(store, 3)
  const { sender } = await start({ store, wall: () => Date.now() + offMs })
  const { outcome } = await sender.post('#wall', { body: 'new', ttlMs: 60_000 })
  expect(outcome.state).toBe('stored')
  await waitFor(async () => (await store.waiting(9)).length === 0, 5_000, 'older messages are sent')
  for (const { id } of older) expect((await store.get(id))?.outcome?.state).toBe('stored')
})

test('lone sender: a gateway whose time is far ahead lets no message expire', async () => {
  const store = createMemoryOutboxStore()
  const older = await addOlder(store, 1)
  const { sender } = await start({ store, gateway: { now: () => Date.now() + 47 * HOUR_MS } })
  await sender.post('#wall', { body: 'new' })
  await waitFor(async () => (await store.waiting(9)).length === 0, 5_000, 'it is sent')
  expect((await store.get(older[0]?.id ?? new Uint8Array()))?.outcome?.state).toBe('stored')
})

test('lone sender: an answer counts as long as the gateway may take for it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  const answer = Promise.withResolvers<void>()
  const { sender, posted } = await start({
    gateway: {
      async post(envelope) {
        await answer.promise
        return stored(envelope)
      },
    },
  })
  const outcome = sender.post('#wall', { body: 'slow' }).then((all) => all.outcome.state)
  await vi.waitFor(() => expect(posted).toHaveLength(1))
  await vi.advanceTimersByTimeAsync(7_500)
  answer.resolve()
  expect(await outcome).toBe('stored')
})

test('lone sender: receivers of which the gateway has no word are waited for no longer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  const { sender } = await start({ gateway: { post: async () => ({ ...NOBODY, taps: 1, keepers: 1 }) } })
  expect((await sender.post('#wall', { body: 'x' })).outcome.state).toBe('queued')
})

test('lone sender: a new message is posted before forty older ones, of which a few are under way at once', async () => {
  const store = createMemoryOutboxStore()
  await addOlder(store, 40)
  let [underWay, most] = [0, 0]
  const { sender, posted } = await start({
    store,
    gateway: {
      async post(envelope) {
        most = Math.max(most, ++underWay)
        await new Promise(setImmediate)
        underWay--
        return stored(envelope)
      },
    },
  })
  const { id, outcome } = await sender.post('#wall', { body: 'new' })
  expect(outcome.state).toBe('stored')
  expect(encodeKeyHex(decodeEnvelope(posted[0] ?? new Uint8Array()).id)).toBe(encodeKeyHex(id))
  await waitFor(async () => (await store.waiting(50)).length === 0, 5_000, 'all are sent')
  expect(posted).toHaveLength(41)
  expect(most).toBeLessThanOrEqual(8)
})

test('lone sender: a post that its attempt waits for no longer is ended', async () => {
  const ended: unknown[] = []
  const { sender, posted } = await start({
    gateway: {
      post: (_, { signal }) =>
        new Promise((__, reject) =>
          signal.addEventListener('abort', () => {
            ended.push(signal.reason)
            reject(signal.reason)
          }),
        ),
    },
  })
  const posting = sender.post('#wall', { body: 'x' })
  await waitFor(() => posted.length === 1, 5_000, 'it is posted')
  await sender.stop()
  expect(await posting).toMatchObject({ outcome: { state: 'queued' } })
  expect(ended).toHaveLength(1)
})

test('lone sender: of gateways that are silent for all of an attempt, the sender says so', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  const { sender, posted } = await start({
    gateway: {
      post: (_, { signal }) => new Promise((__, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    },
  })
  const posting = sender.post('#wall', { body: 'x' })
  await vi.waitFor(() => expect(posted).toHaveLength(1))
  await vi.advanceTimersByTimeAsync(15_000)
  const { id, outcome } = await posting
  expect(outcome).toMatchObject({ state: 'queued', reason: 'no-network' })
  expect(sender.failureOf(id)).toMatchObject({ code: 'ERR_NO_NETWORK' })
})

test('lone sender: a gateway that takes no more for now is asked again when it said, and its words are told', async () => {
  const words = 'Your address posts too often'
  const { sender, store } = await start({
    gateway: { post: () => Promise.reject(new MayflyError('ERR_LIMIT', words, { cause: { retryAfterMs: 40_000 } })) },
  })
  const before = Date.now()
  const { id, outcome } = await sender.post('#wall', { body: 'x' })
  expect(outcome).toMatchObject({ state: 'queued', nodes: 0, reason: 'sender-rate' })
  expect(sender.failureOf(id)).toMatchObject({ code: 'ERR_LIMIT', message: words })
  expect((await store.get(id))?.nextTryAtMs).toBeGreaterThanOrEqual(before + 40_000)
})

test.each(['ERR_NO_NETWORK', 'ERR_LIMIT', 'ERR_UNAVAILABLE'] as const)(
  'lone sender: a receiver is not unknown because its key could not be asked for (%s)',
  async (code) => {
    const { sender, store } = await start({ gateway: { findPublicKey: () => Promise.reject(new MayflyError(code, 'not now')) } })
    const end = hashnameOf(publicKeyOf(createMessageSecret()))
    await expect(sender.post(end, { body: 'x' })).rejects.toMatchObject({ code })
    expect(await store.list(9)).toEqual([])
  },
)

test('lone sender: a receiver whose key nobody knows is unknown', async () => {
  const { sender } = await start({})
  const end = hashnameOf(publicKeyOf(createMessageSecret()))
  expect((await sender.post(end, { body: 'x' })).outcome).toEqual({ state: 'refused', reason: 'unknown-receiver' })
})

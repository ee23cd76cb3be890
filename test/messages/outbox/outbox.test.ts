import { describe, expect, onTestFinished, test } from 'vitest'
import {
  createMessageSecret,
  encodeKeyHex,
  hashnameOf,
  type MessageDraft,
  type OutboxEntry,
  type OutboxStore,
  type PeerEvent,
  type PostOutcome,
  publicKeyOf,
} from '../../../node/index.ts'
import { type End, parseEnd } from '../../../node/messages/format/end.ts'
import { decodeEnvelope, type Envelope, isEnvelopeSigned } from '../../../node/messages/format/envelope.ts'
import { openMessage } from '../../../node/messages/format/open-message.ts'
import { signReceipt } from '../../../node/messages/format/receipt.ts'
import { type ComposerContext, createComposer } from '../../../node/messages/outbox/composer.ts'
import { createMemoryOutboxStore } from '../../../node/messages/outbox/memory-outbox-store.ts'
import { createOutbox, type OutboxContext, type OutboxOptions } from '../../../node/messages/outbox/outbox.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const SENDER = createMessageSecret()
const RECEIVER = createMessageSecret()
const OTHER = createMessageSecret()
const ADDRESS = hashnameOf(publicKeyOf(RECEIVER))
/** Not on the curve. */
const NO_KEY = new Uint8Array(32).fill(2)
const TEXT = new TextDecoder()

const receiptOf = ({ id }: Envelope, secret = RECEIVER) => signReceipt(secret, [id], Date.now())
const storedBy = (envelope: Envelope): PostOutcome => ({ state: 'stored', receipts: [receiptOf(envelope)] })
const nobody = (envelope: Envelope): PostOutcome => ({ state: 'queued', nodes: 0, untilMs: envelope.expiresAtMs })
const never = () => new Promise<PostOutcome>(() => {})

interface Attempt {
  end: End
  envelope: Envelope
}

type Answer = (attempt: Attempt) => PostOutcome | Promise<PostOutcome>

/** An outbox whose network is the given function. */
async function startOutbox(
  answer: Answer,
  { context = {}, options = {} }: { context?: Partial<OutboxContext & ComposerContext>; options?: OutboxOptions } = {},
) {
  const attempts: Attempt[] = []
  const events: PeerEvent[] = []
  const asked: string[] = []
  const store = context.store ?? createMemoryOutboxStore()
  const outbox = createOutbox(
    {
      store,
      async attempt(end, envelope) {
        const attempt = { end, envelope }
        attempts.push(attempt)
        return answer(attempt)
      },
      composer: createComposer({
        store,
        async findPublicKey(end) {
          asked.push(encodeKeyHex(end))
          return publicKeyOf(RECEIVER)
        },
        limits: { maxMessageBytes: 65_536 },
        now: Date.now,
        ...context,
      }),
      secret: SENDER,
      emit: (event) => events.push(event),
      now: Date.now,
      random: () => 0,
      ...context,
    },
    options,
  )
  onTestFinished(() => outbox.stop())
  await outbox.start()
  return { outbox, store, attempts, events, asked }
}

describe('outbox: post', () => {
  test('to an open end is signed, sent in clear, and resolves with what became of it', async () => {
    const { outbox, attempts, events, asked } = await startOutbox(({ envelope }) => storedBy(envelope))
    const { id, outcome } = await outbox.post('#wall', { body: 'grüezi', fields: { re: 'x' } })
    expect(outcome).toMatchObject({ state: 'stored', receipts: [{ receiver: publicKeyOf(RECEIVER), ids: [id] }] })
    expect(attempts.length).toBe(1)
    const [{ end, envelope }] = attempts as [Attempt]
    expect([end.text, isEnvelopeSigned(envelope), envelope.from, envelope.id]).toEqual(['#wall', true, publicKeyOf(SENDER), id])
    expect(envelope.expiresAtMs - envelope.sentAtMs).toBe(86_400_000)
    const message = await openMessage(envelope)
    expect({ ...message, body: TEXT.decode(message.body) }).toMatchObject({
      body: 'grüezi',
      type: 'text/plain',
      fields: { re: 'x' },
      isSealed: false,
    })
    expect(asked).toEqual([])
    await waitFor(() => events.length > 0, 5_000, 'what became of it is written')
    expect(events).toEqual([{ type: 'posted', id: encodeKeyHex(id), end: '#wall', state: 'stored' }])
  })

  test('to a hashname is sealed for it, and its key is looked up once', async () => {
    const { outbox, store, attempts, asked } = await startOutbox(({ envelope }) => storedBy(envelope))
    await outbox.post(ADDRESS, { body: 'canary', ttlMs: 5_000 })
    await outbox.post(ADDRESS, { body: new Uint8Array([1, 2]) })
    const [first, second] = attempts as [Attempt, Attempt]
    expect(TEXT.decode(first.envelope.bytes)).not.toContain('canary')
    for (const { envelope } of await store.list(10)) expect(TEXT.decode(envelope)).not.toContain('canary')
    expect(TEXT.decode((await openMessage(first.envelope, RECEIVER)).body)).toBe('canary')
    expect(await openMessage(second.envelope, RECEIVER)).toMatchObject({ body: new Uint8Array([1, 2]), type: 'application/octet-stream' })
    await expect(openMessage(first.envelope, OTHER)).rejects.toMatchObject({ code: 'ERR_DAMAGED' })
    expect(first.envelope.expiresAtMs - first.envelope.sentAtMs).toBe(5_000)
    expect(asked.length).toBe(1)
  })

  test('when the outbox stops while it is written, it is queued at once, not sent again, and free for the next process', async () => {
    const writing = Promise.withResolvers<void>()
    const written = Promise.withResolvers<void>()
    const memory = createMemoryOutboxStore()
    const store: OutboxStore = {
      ...memory,
      async put(entry) {
        writing.resolve()
        await written.promise
        await memory.put(entry)
      },
    }
    const { outbox } = await startOutbox(never, { context: { store } })
    const posting = outbox.post('#wall', { body: 'late' }, { waitMs: 3_600_000 })
    await writing.promise
    await outbox.stop(1)
    written.resolve()
    expect((await posting).outcome).toMatchObject({ state: 'queued', nodes: 0 })
    expect(await memory.waiting(1)).toMatchObject([{ claimedUntilMs: 0, isDone: false }])
  })

  test('tells the id once it is in the outbox, before what became of it', async () => {
    const { outbox, store } = await startOutbox(({ envelope }) => storedBy(envelope))
    const inStore: Promise<unknown>[] = []
    const order: string[] = []
    const onKept = (told: Uint8Array) => {
      order.push(`kept ${encodeKeyHex(told)}`)
      inStore.push(store.get(told))
    }
    outbox.onOutbox(({ outcome }) => outcome && order.push(outcome.state))
    const { id } = await outbox.post('#wall', { body: 'x' }, { onKept })
    await waitFor(() => order.length === 2, 5_000, 'what became of it is written')
    expect(order).toEqual([`kept ${encodeKeyHex(id)}`, 'stored'])
    expect(await inStore[0]).toMatchObject({ id })
  })

  test('is signed by the given sender', async () => {
    const { outbox, attempts } = await startOutbox(({ envelope }) => storedBy(envelope))
    await outbox.post('#wall', { body: 'x' }, { secret: OTHER })
    expect(attempts[0]?.envelope.from).toEqual(publicKeyOf(OTHER))
  })

  test.each<[string, string, Uint8Array | undefined]>([
    ['nobody knows', ADDRESS, undefined],
    ['is told wrongly', ADDRESS, publicKeyOf(OTHER)],
    ['is no key', hashnameOf(NO_KEY), NO_KEY],
  ])('for a receiver whose key %s is refused, and nothing of it is written anywhere', async (_, end, found) => {
    const { outbox, attempts, store } = await startOutbox(never, { context: { findPublicKey: async () => found } })
    expect(await outbox.post(end, { body: 'canary' })).toEqual({
      id: new Uint8Array(32),
      outcome: { state: 'refused', reason: 'unknown-receiver' },
    })
    expect([attempts, await store.list(10)]).toEqual([[], []])
    if (end === ADDRESS) expect(await store.publicKey(parseEnd(end).key)).toBeUndefined()
  })

  test.each<[string, string, MessageDraft, string]>([
    ['no end', 'wall', { body: 'x' }, 'ERR_BAD_END'],
    ['a type that is none', '#wall', { body: 'x', type: 'text' }, 'ERR_BAD_MESSAGE'],
    ['a field that cannot be', '#wall', { body: 'x', fields: { From: 'me' } }, 'ERR_BAD_MESSAGE'],
    ['a time to live that is too short', '#wall', { body: 'x', ttlMs: 10 }, 'ERR_BAD_MESSAGE'],
    ['a time to live that is too long', ADDRESS, { body: 'x', ttlMs: 8 * 86_400_000 }, 'ERR_BAD_MESSAGE'],
    ['a body that nobody holds', '#wall', { body: 'x'.repeat(65_537) }, 'ERR_TOO_LARGE'],
  ])('with %s says so, and sends nothing', async (_, end, draft, code) => {
    const { outbox, attempts, store } = await startOutbox(never)
    await expect(outbox.post(end, draft)).rejects.toMatchObject({ code })
    expect([attempts, await store.list(10)]).toEqual([[], []])
  })

  test('holds a body that is too large as content, and sends its link', async () => {
    const held: unknown[] = []
    const { outbox, attempts } = await startOutbox(({ envelope }) => storedBy(envelope), {
      context: {
        limits: { maxMessageBytes: 10 },
        holdLarge: async (body, isSealed, type) => {
          held.push([body.byteLength, isSealed, type])
          return 'the-link'
        },
      },
    })
    await outbox.post('#wall', { body: 'x'.repeat(10) })
    await outbox.post('#wall', { body: 'x'.repeat(11), fields: { topic: 'a' } })
    await outbox.post(ADDRESS, { body: new Uint8Array(12), type: 'image/png' })
    await expect(outbox.post('#wall', { body: 'x'.repeat(11), fields: { Bad: 'x' } })).rejects.toMatchObject({ code: 'ERR_BAD_MESSAGE' })
    expect(held).toEqual([
      [11, false, 'text/plain'],
      [12, true, 'image/png'],
    ])
    const messages = await Promise.all(attempts.map(({ envelope }) => openMessage(envelope, RECEIVER)))
    expect(messages.map(({ body, type, fields }) => [body.byteLength, type, fields])).toEqual([
      [10, 'text/plain', {}],
      [0, 'text/plain', { topic: 'a', link: 'the-link' }],
      [0, 'image/png', { link: 'the-link' }],
    ])
  })

  test('the same words twice at the same time are two messages', async () => {
    const nowMs = Date.now()
    const { outbox, attempts } = await startOutbox(({ envelope }) => storedBy(envelope), { context: { now: () => nowMs } })
    const posted = await Promise.all(Array.from({ length: 20 }, () => outbox.post('#wall', { body: 'tick' })))
    expect(new Set(posted.map(({ id }) => encodeKeyHex(id))).size).toBe(20)
    expect(attempts.length).toBe(20)
  })

  test('is sent while it is being written, and reported when it is on the disk', async () => {
    const store = createMemoryOutboxStore()
    const written = Promise.withResolvers<void>()
    const changed: string[] = []
    const slow: OutboxStore = {
      ...store,
      async put(entry) {
        await written.promise
        await store.put(entry)
      },
      change(id, change) {
        changed.push(encodeKeyHex(id))
        return store.change(id, change)
      },
    }
    const { outbox, attempts } = await startOutbox(({ envelope }) => storedBy(envelope), { context: { store: slow } })
    let told: PostOutcome | undefined
    const posting = outbox.post('#wall', { body: 'x' }).then(({ id, outcome }) => {
      told = outcome
      return id
    })
    await waitFor(() => attempts.length === 1, 5_000, 'it is sent')
    await new Promise((resolve) => setImmediate(resolve))
    expect([told, changed]).toEqual([undefined, []])
    written.resolve()
    const id = await posting
    expect(told?.state).toBe('stored')
    await waitFor(async () => (await store.get(id))?.isDone === true, 5_000, 'what became of it is written')
    expect(changed).toEqual([encodeKeyHex(id)])
  })

  test('is reported as stored while that is being written', async () => {
    const store = createMemoryOutboxStore()
    const written = Promise.withResolvers<void>()
    const slow: OutboxStore = {
      ...store,
      async change(id, change) {
        await written.promise
        return store.change(id, change)
      },
    }
    const { outbox } = await startOutbox(({ envelope }) => storedBy(envelope), { context: { store: slow } })
    expect((await outbox.post('#wall', { body: 'x' })).outcome.state).toBe('stored')
    written.resolve() // or it would be waited for in the end
  })

  test('is pruned when there is much that is done, before the minute is over', async () => {
    const { outbox, store } = await startOutbox(({ envelope }) => storedBy(envelope), { options: { maxDone: 10 } })
    for (let i = 0; i < 35; i++) await outbox.post('#wall', { body: `${i}` })
    await waitFor(async () => (await store.list(100)).length < 20, 5_000, 'the older ones are gone')
    expect((await outbox.list()).length).toBeGreaterThanOrEqual(10)
  })

  test('that cannot be written is refused, and takes no room, unless a receiver has stored it meanwhile', async () => {
    const full = { ...createMemoryOutboxStore(), put: () => Promise.reject(new Error('database or disk is full')) }
    let answer: Answer = () => ({ state: 'queued', nodes: 3, untilMs: 5 })
    const { outbox, attempts } = await startOutbox((attempt) => answer(attempt), { context: { store: full }, options: { maxEntries: 1 } })
    for (let i = 0; i < 3; i++) await expect(outbox.post('#wall', { body: 'x' })).rejects.toThrow('full')
    answer = ({ envelope }) => storedBy(envelope)
    expect((await outbox.post('#wall', { body: 'x' })).outcome.state).toBe('stored')
    expect([attempts.length, await outbox.list()]).toEqual([4, []])
  })
})

describe('outbox: the outcome of post', () => {
  test.each<[PostOutcome['state'], PostOutcome]>([
    ['heard', { state: 'heard', taps: 2 }],
    ['queued', { state: 'queued', nodes: 3, untilMs: 5 }],
    ['refused', { state: 'refused', reason: 'muted' }],
    ['expired', { state: 'expired' }],
  ])('%s, as soon as it is', async (_, outcome) => {
    const { outbox } = await startOutbox(() => outcome)
    expect((await outbox.post('#wall', { body: 'x' })).outcome).toEqual(outcome)
  })

  test('queued, when nothing is known by then, and why, after a refusal for a while', async () => {
    const { outbox } = await startOutbox(({ end }) =>
      end.text === '#slow' ? never() : { state: 'refused', reason: 'sender-rate', retryAfterMs: 60_000 },
    )
    for (const end of ['#slow', '#busy']) {
      const { id, outcome } = await outbox.post(end, { body: 'x' }, { waitMs: 20 })
      const { expiresAtMs } = (await outbox.list()).find((entry) => encodeKeyHex(entry.id) === encodeKeyHex(id)) as OutboxEntry
      const why = end === '#busy' ? { reason: 'sender-rate' } : {}
      expect(outcome).toEqual({ state: 'queued', nodes: 0, untilMs: expiresAtMs, ...why })
    }
  })

  test('queued at once after a refusal for a while, unless somebody wants to wait', async () => {
    const { outbox } = await startOutbox(() => ({ state: 'refused', reason: 'end-full', retryAfterMs: 60_000 }), {
      options: { waitMs: 600_000 },
    })
    expect((await outbox.post('#wall', { body: 'x' })).outcome).toMatchObject({ state: 'queued', nodes: 0, reason: 'end-full' })
  })

  test('a caller that gives waitMs waits that long for more than queued', async () => {
    let tries = 0
    const { outbox } = await startOutbox(({ envelope }) => (++tries < 3 ? nobody(envelope) : storedBy(envelope)), {
      options: { minRetryMs: 1 },
    })
    expect((await outbox.post('#wall', { body: 'x' }, { waitMs: 30_000 })).outcome.state).toBe('stored')
    expect(tries).toBe(3)
  })

  test('an abort ends the waiting, and not the sending', async () => {
    const answer = Promise.withResolvers<PostOutcome>()
    const { outbox, attempts } = await startOutbox(() => answer.promise)
    const ended = new AbortController()
    const posting = outbox.post('#wall', { body: 'x' }, { signal: ended.signal })
    await waitFor(() => attempts.length === 1, 5_000, 'the try')
    const reason = new Error('enough')
    ended.abort(reason)
    await expect(posting).rejects.toBe(reason)
    await expect(outbox.post('#wall', { body: 'x' }, { signal: ended.signal })).rejects.toBe(reason)
    const done = heard(outbox, ({ isDone }) => isDone)
    answer.resolve({ state: 'heard', taps: 1 })
    expect((await done).outcome).toEqual({ state: 'heard', taps: 1 })
    expect((await outbox.list()).length).toBe(1)
  })

  test('stopping leaves it queued', async () => {
    const { outbox, attempts, store } = await startOutbox(never)
    const posting = outbox.post('#wall', { body: 'x' })
    await waitFor(() => attempts.length === 1, 5_000, 'the try')
    await outbox.stop()
    expect((await posting).outcome).toMatchObject({ state: 'queued', nodes: 0 })
    expect(await store.waiting(10)).toMatchObject([{ claimedUntilMs: 0, isDone: false }])
    await expect(outbox.post('#wall', { body: 'x' })).rejects.toMatchObject({ code: 'ERR_NOT_STARTED' })
  })
})

describe('outbox: afterwards', () => {
  test('a later receipt makes it stored, others are added, and each change is reported', async () => {
    const { outbox, attempts, events } = await startOutbox(({ envelope }) => nobody(envelope))
    const changes: OutboxEntry[] = []
    outbox.onOutbox((entry) => changes.push(entry))
    const { id } = await outbox.post('#wall', { body: 'x' })
    const { envelope } = attempts[0] as Attempt
    await outbox.onReceipt(receiptOf(envelope, RECEIVER))
    await outbox.onReceipt(receiptOf(envelope, OTHER))
    await outbox.onReceipt(receiptOf(envelope, OTHER))
    expect(changes.map(({ outcome, isDone }) => [outcome?.state, isDone, outcome?.state === 'stored' && outcome.receipts.length])).toEqual([
      [undefined, false, false],
      ['queued', false, false],
      ['stored', true, 1],
      ['stored', true, 2],
    ])
    expect(events.map((event) => event.type === 'posted' && event.state)).toEqual(['queued', 'stored'])
    expect((await outbox.list())[0]).toMatchObject({ id, isDone: true, outcome: { state: 'stored', receipts: [{}, {}] } })
  })

  test('a receipt that comes before its try has ended is the outcome, whatever the try comes to', async () => {
    const answer = Promise.withResolvers<PostOutcome>()
    const { outbox, attempts, store, events } = await startOutbox(() => answer.promise)
    const posting = outbox.post('#wall', { body: 'x' })
    await waitFor(() => attempts.length === 1, 5_000, 'the try')
    const { envelope } = attempts[0] as Attempt
    await outbox.onReceipt(receiptOf(envelope))
    expect((await posting).outcome.state).toBe('stored')
    answer.resolve(nobody(envelope))
    await new Promise((resolve) => setImmediate(resolve))
    expect(await store.get(envelope.id)).toMatchObject({ isDone: true, outcome: { state: 'stored' } })
    expect(events.length).toBe(1)
  })

  test("another receiver's receipt for a sealed message, and one for an unknown message, change nothing", async () => {
    const { outbox, attempts } = await startOutbox(({ envelope }) => nobody(envelope))
    await outbox.post(ADDRESS, { body: 'x' })
    const { envelope } = attempts[0] as Attempt
    await outbox.onReceipt(receiptOf(envelope, OTHER))
    await outbox.onReceipt(signReceipt(RECEIVER, [new Uint8Array(32)], 1))
    expect(await outbox.list()).toMatchObject([{ isDone: false, outcome: { state: 'queued' } }])
  })

  test('a forgotten entry is not sent again, and its waiting callers get an outcome', async () => {
    const { outbox, attempts, store } = await startOutbox(never)
    const posting = outbox.post('#wall', { body: 'x' })
    await waitFor(() => attempts.length === 1, 5_000, 'the try')
    const gone = heard(outbox, ({ isDone }) => isDone)
    const { id } = (attempts[0] as Attempt).envelope
    expect(await outbox.forget(id)).toBe(true)
    expect((await gone).outcome).toEqual({ state: 'expired' })
    expect((await posting).outcome).toEqual({ state: 'expired' })
    expect([await store.list(10), await outbox.forget(id)]).toEqual([[], false])
  })

  test('a listener that throws is not called again, and one that has ended neither', async () => {
    const { outbox } = await startOutbox(({ envelope }) => storedBy(envelope))
    let calls = 0
    outbox.onOutbox(() => {
      calls++
      throw new Error('broken')
    })
    const end = outbox.onOutbox(() => calls++)
    end()
    await outbox.post('#wall', { body: 'x' })
    expect(calls).toBe(1)
  })

  test('waiting entries are limited in number and in bytes; finished ones make room', async () => {
    let answer: Answer = ({ envelope }) => nobody(envelope)
    const { outbox } = await startOutbox((attempt) => answer(attempt), { options: { maxEntries: 2, minRetryMs: 5 } })
    const posted = await Promise.all(['a', 'b'].map((body) => outbox.post('#wall', { body })))
    await expect(outbox.post('#wall', { body: 'c' })).rejects.toMatchObject({ code: 'ERR_LIMIT' })
    await outbox.forget((posted[0] as { id: Uint8Array }).id)
    await outbox.post('#wall', { body: 'c' })
    const twoDone = new Promise<void>((resolve) => {
      let done = 0
      outbox.onOutbox(({ isDone }) => isDone && ++done === 2 && resolve())
    })
    answer = ({ envelope }) => storedBy(envelope)
    await twoDone
    await outbox.post('#wall', { body: 'd' })

    const small = await startOutbox(({ envelope }) => nobody(envelope), { options: { maxBytes: 1_000 } })
    await small.outbox.post('#wall', { body: 'x'.repeat(900) })
    await expect(small.outbox.post('#wall', { body: 'x' })).rejects.toMatchObject({ code: 'ERR_LIMIT' })
  })

  test('finished entries are kept for a while, up to a number', async () => {
    const store = createMemoryOutboxStore()
    const before = await startOutbox(({ envelope }) => storedBy(envelope), { context: { store } })
    for (const body of ['a', 'b', 'c']) await before.outbox.post('#wall', { body })
    await before.outbox.stop()
    const some = await startOutbox(never, { context: { store }, options: { maxDone: 2 } })
    expect((await some.outbox.list()).length).toBe(2)
    await some.outbox.stop()
    const later = await startOutbox(never, { context: { store, now: () => Date.now() + 10_000 }, options: { keepDoneMs: 9_000 } })
    expect(await later.outbox.list()).toEqual([])
  })

  test('an entry that the store has altered is not sent', async () => {
    const store = createMemoryOutboxStore()
    const before = await startOutbox(({ envelope }) => nobody(envelope), { context: { store } })
    const { id } = await before.outbox.post('#wall', { body: 'x' })
    await before.outbox.post('#wall', { body: 'y' })
    await before.outbox.stop()
    const [one, other] = (await store.list(2)) as [OutboxEntry, OutboxEntry]
    const isFirst = encodeKeyHex(one.id) === encodeKeyHex(id)
    const [mine, foreign] = isFirst ? [one, other] : [other, one]
    await store.remove(mine.id)
    await store.put({ ...mine, envelope: foreign.envelope })
    const after = await startOutbox(({ envelope }) => storedBy(envelope), { context: { store } })
    await waitFor(async () => (await store.waiting(1)).length === 0, 5_000, 'both are done')
    expect((await store.get(id))?.outcome).toEqual({ state: 'refused', reason: 'malformed' })
    expect(after.attempts.map(({ envelope }) => envelope.bytes)).toEqual([decodeEnvelope(foreign.envelope).bytes])
  })

  test('a waiting caller gets the outcome that another outbox of the same store reached', async () => {
    const store = createMemoryOutboxStore()
    let isStored = false
    const { outbox, attempts } = await startOutbox(({ envelope }) => nobody(envelope), {
      context: { store },
      options: { minRetryMs: 60_000 },
    })
    const posting = outbox.post('#wall', { body: 'x' }, { waitMs: 30_000 }).then(({ outcome }) => {
      isStored = outcome.state === 'stored'
    })
    await waitFor(() => attempts.length === 1, 5_000, 'the try')
    const { envelope } = attempts[0] as Attempt
    const outcome = storedBy(envelope)
    await waitFor(
      async () =>
        (await store.change(envelope.id, (entry) => (entry.outcome ? { ...entry, outcome, isDone: true } : undefined))) !== undefined,
      5_000,
      'the outcome',
    )
    await posting
    expect(isStored).toBe(true)
  })
})

function heard(outbox: { onOutbox(listener: (entry: OutboxEntry) => void): () => void }, fits: (entry: OutboxEntry) => boolean) {
  return new Promise<OutboxEntry>((resolve) => {
    const end = outbox.onOutbox((entry) => {
      if (!fits(entry)) return
      end()
      resolve(entry)
    })
  })
}

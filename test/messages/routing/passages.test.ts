import { describe, expect, test } from 'vitest'
import { signDecline } from '../../../node/messages/format/decline.ts'
import { createMessageSecret, publicKeyOf, signReceipt } from '../../../node/messages/index.ts'
import { type Asker, createPassages } from '../../../node/messages/routing/passages.ts'
import type { Receipt } from '../../../node/messages/types.ts'
import { signOpen, signSealed } from '../../helpers/signed-messages.ts'

const BAD = expect.objectContaining({ code: 'ERR_BAD_FRAME' })

function createAsker() {
  const receipts: Receipt[] = []
  const declined: string[] = []
  const asker: Asker & { isOpen: boolean } = {
    isOpen: true,
    onReceipt: (receipt) => receipts.push(receipt),
    onDecline: ({ reason }) => declined.push(reason),
  }
  return { asker, receipts, declined }
}

const flipped = (bytes: Uint8Array) => bytes.with(bytes.byteLength - 1, (bytes.at(-1) ?? 0) ^ 1)

describe('passages', () => {
  test('bytes that were checked are known, and the same message with another signature is not', () => {
    const passages = createPassages()
    const envelope = signOpen('#wall', { body: 'x' })
    expect(passages.checked(envelope)).toBeUndefined()
    const passage = passages.add(envelope)
    expect(passages.checked(envelope)).toBe(passage)
    expect(passages.checked({ ...envelope, bytes: flipped(envelope.bytes) })).toBeUndefined()
    expect(passages.add(envelope)).toBe(passage)
  })

  test('a receipt is told to everybody who asked about one of its messages, once, and to who asks later', () => {
    const passages = createPassages()
    const [first, second] = [signOpen('#wall', { body: '1' }), signOpen('#wall', { body: '2' })]
    const asker = createAsker()
    for (const envelope of [first, second]) passages.ask(passages.add(envelope), asker.asker)
    const receipt = signReceipt(createMessageSecret(), [first.id, second.id, signOpen('#wall', { body: '3' }).id], 5)
    expect(passages.takeReceipt(receipt.bytes).map(({ id }) => id)).toEqual([first.id, second.id])
    expect(passages.takeReceipt(receipt.bytes)).toEqual([])
    expect(asker.receipts).toEqual([receipt])
    const late = createAsker()
    passages.ask(passages.add(first), late.asker)
    expect(late.receipts).toEqual([receipt])
  })

  test('of a sealed message only its receiver has a word, and only what it signed counts', async () => {
    const passages = createPassages()
    const secret = createMessageSecret()
    const envelope = await signSealed(publicKeyOf(secret), { body: 'x' })
    const asker = createAsker()
    passages.ask(passages.add(envelope), asker.asker)
    const ids = [envelope.id]
    for (const bytes of [signReceipt(createMessageSecret(), ids, 5).bytes, flipped(signReceipt(secret, ids, 5).bytes)]) {
      expect(() => passages.takeReceipt(bytes)).toThrow(BAD)
    }
    for (const bytes of [
      signDecline(createMessageSecret(), envelope.id, 'muted', 5).bytes,
      flipped(signDecline(secret, envelope.id, 'muted', 5).bytes),
    ]) {
      expect(() => passages.takeDecline(bytes)).toThrow(BAD)
    }
    expect([asker.receipts, asker.declined]).toEqual([[], []])
    passages.takeDecline(signDecline(secret, envelope.id, 'not-stored', 5).bytes)
    passages.takeReceipt(signReceipt(secret, ids, 5).bytes)
    expect([asker.receipts.length, asker.declined]).toEqual([1, ['not-stored']])
  })

  test("a receipt that names another receiver's message besides its own counts for its own, and who passed it on is no forger", async () => {
    const passages = createPassages()
    const secret = createMessageSecret()
    const own = await signSealed(publicKeyOf(secret), { body: 'own' })
    const foreign = await signSealed(publicKeyOf(createMessageSecret()), { body: 'foreign' })
    const [asker, foreignAsker] = [createAsker(), createAsker()]
    passages.ask(passages.add(own), asker.asker)
    passages.ask(passages.add(foreign), foreignAsker.asker)
    const { bytes } = signReceipt(secret, [own.id, foreign.id], 5)
    expect(passages.takeReceipt(bytes).map(({ id }) => id)).toEqual([own.id])
    expect([asker.receipts.length, foreignAsker.receipts.length]).toEqual([1, 0])
    // By another way, when the own one is no news any more.
    expect(passages.takeReceipt(bytes)).toEqual([])
    expect(() => passages.takeReceipt(signReceipt(secret, [foreign.id], 5).bytes)).toThrow(BAD)
  })

  test('a receipt that names one message many times takes the place of one', () => {
    const passages = createPassages()
    const envelope = signOpen('#wall', { body: 'x' })
    const asker = createAsker()
    passages.ask(passages.add(envelope), asker.asker)
    passages.takeReceipt(signReceipt(createMessageSecret(), new Array(64).fill(envelope.id), 5).bytes)
    passages.takeReceipt(signReceipt(createMessageSecret(), [envelope.id], 5).bytes)
    expect(passages.get(envelope.id)?.receipts.length).toBe(2)
    expect(asker.receipts.length).toBe(2)
  })

  test('who tells a decline may have nothing to say about that end', () => {
    const passages = createPassages()
    const envelope = signOpen('#wall', { body: 'x' })
    const asker = createAsker()
    passages.ask(passages.add(envelope), asker.asker)
    passages.takeDecline(signDecline(createMessageSecret(), envelope.id, 'muted', 5).bytes, () => false)
    expect(asker.declined).toEqual([])
  })

  test('who has gone is told nothing', () => {
    const passages = createPassages()
    const envelope = signOpen('#wall', { body: 'x' })
    const asker = createAsker()
    passages.ask(passages.add(envelope), asker.asker)
    asker.asker.isOpen = false
    passages.takeReceipt(signReceipt(createMessageSecret(), [envelope.id], 5).bytes)
    expect(asker.receipts).toEqual([])
  })

  test('the oldest are forgotten, over so many messages and over so many receipts', () => {
    const envelopes = Array.from({ length: 4 }, (_, i) => signOpen('#wall', { body: `${i}` }))
    const known = (passages: ReturnType<typeof createPassages>) => envelopes.map(({ id }) => passages.get(id) !== undefined)
    const few = createPassages({ maxPassages: 2 })
    for (const envelope of envelopes) few.add(envelope)
    expect(known(few)).toEqual([false, false, true, true])

    const passages = createPassages({ maxReceipts: 5 })
    for (const envelope of envelopes) passages.add(envelope)
    for (const { id } of envelopes) {
      for (let i = 0; i < 2; i++) passages.takeReceipt(signReceipt(createMessageSecret(), [id], 5).bytes)
    }
    expect(known(passages)).toEqual([false, false, true, true])
  })
})

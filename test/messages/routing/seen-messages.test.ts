import { describe, expect, test } from 'vitest'
import { signDecline } from '../../../node/messages/format/decline.ts'
import { createMessageSecret, publicKeyOf, signReceipt } from '../../../node/messages/index.ts'
import { createSeenMessages, type ReceiptListener } from '../../../node/messages/routing/seen-messages.ts'
import type { Receipt } from '../../../node/messages/types.ts'
import { signOpen, signSealed } from '../../helpers/signed-messages.ts'

const BAD = expect.objectContaining({ code: 'ERR_BAD_FRAME' })

function createReceiptListener() {
  const receipts: Receipt[] = []
  const declined: string[] = []
  const listener: ReceiptListener & { isOpen: boolean } = {
    isOpen: true,
    onReceipt: (receipt) => receipts.push(receipt),
    onDecline: ({ reason }) => declined.push(reason),
  }
  return { listener, receipts, declined }
}

const flipped = (bytes: Uint8Array) => bytes.with(bytes.byteLength - 1, (bytes.at(-1) ?? 0) ^ 1)

describe('seen-message cache', () => {
  test('bytes that were checked are known, and the same message with another signature is not', () => {
    const seenMessages = createSeenMessages()
    const envelope = signOpen('#wall', { body: 'x' })
    expect(seenMessages.checked(envelope)).toBeUndefined()
    const seen = seenMessages.add(envelope)
    expect(seenMessages.checked(envelope)).toBe(seen)
    expect(seenMessages.checked({ ...envelope, bytes: flipped(envelope.bytes) })).toBeUndefined()
    expect(seenMessages.add(envelope)).toBe(seen)
  })

  test('a receipt goes to each listener of its messages, once, and to later ones', () => {
    const seenMessages = createSeenMessages()
    const [first, second] = [signOpen('#wall', { body: '1' }), signOpen('#wall', { body: '2' })]
    const listener = createReceiptListener()
    for (const envelope of [first, second]) seenMessages.listen(seenMessages.add(envelope), listener.listener)
    const receipt = signReceipt(createMessageSecret(), [first.id, second.id, signOpen('#wall', { body: '3' }).id], 5)
    expect(seenMessages.takeReceipt(receipt.bytes).map(({ id }) => id)).toEqual([first.id, second.id])
    expect(seenMessages.takeReceipt(receipt.bytes)).toEqual([])
    expect(listener.receipts).toEqual([receipt])
    const late = createReceiptListener()
    seenMessages.listen(seenMessages.add(first), late.listener)
    expect(late.receipts).toEqual([receipt])
  })

  test('only the receiver of a sealed message can change its state, and only with its signature', async () => {
    const seenMessages = createSeenMessages()
    const secret = createMessageSecret()
    const envelope = await signSealed(publicKeyOf(secret), { body: 'x' })
    const listener = createReceiptListener()
    seenMessages.listen(seenMessages.add(envelope), listener.listener)
    const ids = [envelope.id]
    for (const bytes of [signReceipt(createMessageSecret(), ids, 5).bytes, flipped(signReceipt(secret, ids, 5).bytes)]) {
      expect(() => seenMessages.takeReceipt(bytes)).toThrow(BAD)
    }
    for (const bytes of [
      signDecline(createMessageSecret(), envelope.id, 'muted', 5).bytes,
      flipped(signDecline(secret, envelope.id, 'muted', 5).bytes),
    ]) {
      expect(() => seenMessages.takeDecline(bytes)).toThrow(BAD)
    }
    expect([listener.receipts, listener.declined]).toEqual([[], []])
    seenMessages.takeDecline(signDecline(secret, envelope.id, 'not-stored', 5).bytes)
    seenMessages.takeReceipt(signReceipt(secret, ids, 5).bytes)
    expect([listener.receipts.length, listener.declined]).toEqual([1, ['not-stored']])
  })

  test("a receipt that names another receiver's message besides its own counts for its own, and its forwarder is no forger", async () => {
    const seenMessages = createSeenMessages()
    const secret = createMessageSecret()
    const own = await signSealed(publicKeyOf(secret), { body: 'own' })
    const foreign = await signSealed(publicKeyOf(createMessageSecret()), { body: 'foreign' })
    const [listener, foreignAsker] = [createReceiptListener(), createReceiptListener()]
    seenMessages.listen(seenMessages.add(own), listener.listener)
    seenMessages.listen(seenMessages.add(foreign), foreignAsker.listener)
    const { bytes } = signReceipt(secret, [own.id, foreign.id], 5)
    expect(seenMessages.takeReceipt(bytes).map(({ id }) => id)).toEqual([own.id])
    expect([listener.receipts.length, foreignAsker.receipts.length]).toEqual([1, 0])
    // By another way, when the own one is no news any more.
    expect(seenMessages.takeReceipt(bytes)).toEqual([])
    expect(() => seenMessages.takeReceipt(signReceipt(secret, [foreign.id], 5).bytes)).toThrow(BAD)
  })

  test('a receipt that names one message many times takes the place of one', () => {
    const seenMessages = createSeenMessages()
    const envelope = signOpen('#wall', { body: 'x' })
    const listener = createReceiptListener()
    seenMessages.listen(seenMessages.add(envelope), listener.listener)
    seenMessages.takeReceipt(signReceipt(createMessageSecret(), new Array(64).fill(envelope.id), 5).bytes)
    seenMessages.takeReceipt(signReceipt(createMessageSecret(), [envelope.id], 5).bytes)
    expect(seenMessages.get(envelope.id)?.receipts.length).toBe(2)
    expect(listener.receipts.length).toBe(2)
  })

  test('a decline from a receiver without that end counts for nothing', () => {
    const seenMessages = createSeenMessages()
    const envelope = signOpen('#wall', { body: 'x' })
    const listener = createReceiptListener()
    seenMessages.listen(seenMessages.add(envelope), listener.listener)
    seenMessages.takeDecline(signDecline(createMessageSecret(), envelope.id, 'muted', 5).bytes, () => false)
    expect(listener.declined).toEqual([])
  })

  test('a listener that was removed is not called', () => {
    const seenMessages = createSeenMessages()
    const envelope = signOpen('#wall', { body: 'x' })
    const listener = createReceiptListener()
    seenMessages.listen(seenMessages.add(envelope), listener.listener)
    listener.listener.isOpen = false
    seenMessages.takeReceipt(signReceipt(createMessageSecret(), [envelope.id], 5).bytes)
    expect(listener.receipts).toEqual([])
  })

  test('the oldest are forgotten, over so many messages and over so many receipts', () => {
    const envelopes = Array.from({ length: 4 }, (_, i) => signOpen('#wall', { body: `${i}` }))
    const known = (seenMessages: ReturnType<typeof createSeenMessages>) => envelopes.map(({ id }) => seenMessages.get(id) !== undefined)
    const few = createSeenMessages({ maxMessages: 2 })
    for (const envelope of envelopes) few.add(envelope)
    expect(known(few)).toEqual([false, false, true, true])

    const seenMessages = createSeenMessages({ maxReceipts: 5 })
    for (const envelope of envelopes) seenMessages.add(envelope)
    for (const { id } of envelopes) {
      for (let i = 0; i < 2; i++) seenMessages.takeReceipt(signReceipt(createMessageSecret(), [id], 5).bytes)
    }
    expect(known(seenMessages)).toEqual([false, false, true, true])
  })
})

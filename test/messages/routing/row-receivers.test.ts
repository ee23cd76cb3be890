import { expect, test } from 'vitest'
import { publicKeyOf } from '../../../node/keys/signing.ts'
import { signDecline } from '../../../node/messages/format/decline.ts'
import { sealTerms, signEnvelope } from '../../../node/messages/format/envelope.ts'
import { MAX_RECEIPT_IDS, signReceipt } from '../../../node/messages/format/receipt.ts'
import { type MessageRefusal, WIRE_REFUSALS } from '../../../node/messages/format/refusals.ts'
import { sealPayload } from '../../../node/messages/format/seal.ts'
import { createMessageSecret, hashnameOf, parseEnd } from '../../../node/messages/index.ts'
import { createRowReceivers } from '../../../node/messages/routing/row-receivers.ts'
import { createSeenMessages } from '../../../node/messages/routing/seen-messages.ts'

/** A sender's node that hears the statements of one receiver about the messages that it sends. */
function start() {
  let nowMs = 0
  const rows = createRowReceivers(() => nowMs)
  const seenMessages = createSeenMessages()
  const receiver = createMessageSecret()
  const to = parseEnd(hashnameOf(publicKeyOf(receiver))).key
  const secret = createMessageSecret()
  const from = publicKeyOf(secret)

  /** Reasons of declines, as the sender's outbox gets them. */
  const heard: MessageRefusal[] = []
  const sender = { isOpen: true, onReceipt() {}, onDecline: ({ reason }: { reason: MessageRefusal }) => void heard.push(reason) }

  async function send(isInRow = false) {
    const terms = { to, sentAtMs: Date.now(), ttlMs: 60_000 }
    const keys = { secret, receiver: publicKeyOf(receiver), aad: sealTerms({ from, ...terms }) }
    const envelope = signEnvelope(secret, { ...terms, isSealed: true, payload: await sealPayload(keys, new Uint8Array(9), isInRow) })
    seenMessages.listen(seenMessages.add(envelope), rows.besides(envelope, sender))
    return envelope
  }

  return {
    rows,
    heard,
    receiver,
    opens: () => rows.opens(to),
    async stored(marks = rows.marks, isInRow = false) {
      const { id } = await send(isInRow)
      return seenMessages.takeReceipt(signReceipt(receiver, [id, ...marks], 5).bytes)
    },
    async declined(reason: MessageRefusal, isInRow: boolean) {
      const { id } = await send(isInRow)
      seenMessages.takeDecline(signDecline(receiver, id, reason, 5).bytes)
    },
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

test('row receivers: a receiver opens rows once its receipt says so, and for a while', async () => {
  const { opens, stored, pass } = start()
  expect(opens()).toBe(false)
  await stored()
  expect(opens()).toBe(true)
  pass(59_999)
  expect(opens()).toBe(true)
  pass(1)
  expect(opens()).toBe(false)
  await stored()
  expect(opens()).toBe(true)
})

test('row receivers: a receiver of an earlier version says nothing, and gets no row', async () => {
  const { opens, stored } = start()
  await stored([])
  expect(opens()).toBe(false)
})

test('row receivers: a receiver that has gone back to an earlier version gets no row from its next receipt on', async () => {
  const { opens, stored } = start()
  await stored()
  await stored([])
  expect(opens()).toBe(false)
})

test('row receivers: after an instance could not open a message of a row, the receiver gets none', async () => {
  const { opens, stored, declined } = start()
  await stored()
  await declined('forged', false)
  await declined('muted', true)
  expect(opens()).toBe(true)
  await declined('forged', true)
  await stored()
  expect(opens()).toBe(false)
})

test('row receivers: peers of an earlier version take a receipt that says so as one of its messages alone', async () => {
  const { stored, rows } = start()
  expect((await stored()).length).toBe(1)
  // The list of ids is as they know it: no more than they take, each as long as a key.
  expect([rows.marks.length < MAX_RECEIPT_IDS, rows.marks.map(({ byteLength }) => byteLength)]).toEqual([true, [32]])
})

test('row receivers: an older instance of a receiver does not end a message of a row for good, since another one may store it', async () => {
  const { declined, heard } = start()
  await declined('forged', true)
  await declined('forged', false)
  await declined('muted', true)
  expect(heard).toEqual(['not-stored', 'forged', 'muted'])
  expect(heard.map((reason) => WIRE_REFUSALS[reason].isFinal)).toEqual([false, true, true])
})

import { beforeAll, expect, test } from 'vitest'
import { sha256AtOnce } from '../../../node/keys/index.ts'
import { publicKeyOf } from '../../../node/keys/signing.ts'
import { decodeDecline, isDeclineSigned, MAX_DECLINE_BYTES, signDecline } from '../../../node/messages/format/decline.ts'
import { parseEnd } from '../../../node/messages/format/end.ts'
import {
  decodeEnvelope,
  ENVELOPE_DEFAULTS,
  isEnvelopeSigned,
  MAX_ENVELOPE_BYTES,
  sealTerms,
  signEnvelope,
} from '../../../node/messages/format/envelope.ts'
import { openMessage } from '../../../node/messages/format/open-message.ts'
import { decodePayload, encodePayload } from '../../../node/messages/format/payload.ts'
import { isProofRight, type ProofTerms, signProof } from '../../../node/messages/format/proof.ts'
import { decodeReceipt, isReceiptSigned, MAX_RECEIPT_BYTES, signReceipt } from '../../../node/messages/format/receipt.ts'
import { REFUSALS } from '../../../node/messages/format/refusal-facts.ts'
import { readNumberedRows, readWirePage, type WirePage } from '../../helpers/wire-page.ts'

const SENDER = new Uint8Array(32).fill(1)
const RECEIVER = new Uint8Array(32).fill(2)
const SENT_AT_MS = 1_760_000_000_000
const to = sha256AtOnce(publicKeyOf(RECEIVER))

let page: WirePage
beforeAll(async () => {
  page = await readWirePage('node/messages/WIRE.md')
})

function example(name: string): Uint8Array {
  const bytes = page.examples.get(name)
  if (bytes === undefined) throw new Error(`no example of ${name}`)
  return bytes
}

test('message wire: the end and the payload of the page are what they say', () => {
  expect(parseEnd('#wall').key).toEqual(example('key of #wall'))
  const draft = { body: 'hello', fields: { lang: 'en', re: '00' } }
  expect(encodePayload(draft)).toEqual(example('payload'))
  expect(decodePayload(example('payload'))).toEqual({ ...draft, type: 'text/plain', body: new TextEncoder().encode('hello') })
})

test('message wire: the open message of the page is what it says, in both directions', () => {
  const terms = { to: parseEnd('#wall').key, sentAtMs: SENT_AT_MS, ttlMs: ENVELOPE_DEFAULTS.ttlMs, isSealed: false }
  const envelope = signEnvelope(SENDER, { ...terms, payload: example('payload') })
  expect(envelope.bytes).toEqual(example('open message'))
  expect(decodeEnvelope(example('open message'))).toEqual(envelope)
  expect(envelope.id).toEqual(example('id of the open message'))
  expect(isEnvelopeSigned(envelope)).toBe(true)
})

test('message wire: the sealed message of the page is opened by its receiver', async () => {
  const envelope = decodeEnvelope(example('sealed message'))
  expect(isEnvelopeSigned(envelope)).toBe(true)
  expect(sealTerms({ from: publicKeyOf(SENDER), to, sentAtMs: SENT_AT_MS, ttlMs: 60_000 })).toEqual(example('terms of the sealed message'))
  const message = await openMessage(envelope, RECEIVER)
  expect(message).toMatchObject({
    from: publicKeyOf(SENDER),
    to,
    sentAtMs: SENT_AT_MS,
    isSealed: true,
    body: new TextEncoder().encode('hush'),
  })
})

test('message wire: the receipt and the proof of the page are what they say', () => {
  const ids = [example('id of the open message'), decodeEnvelope(example('sealed message')).id]
  const receipt = signReceipt(RECEIVER, ids, SENT_AT_MS + 5)
  expect(receipt.bytes).toEqual(example('receipt'))
  expect(decodeReceipt(example('receipt'))).toEqual(receipt)
  expect(isReceiptSigned(receipt)).toBe(true)
  const peer = Uint8Array.from([0x00, 0x24, 0x08, 0x01, 0x12, 0x20, ...new Uint8Array(32).fill(9)])
  const terms: ProofTerms = { purpose: 'tap', peer, nonce: new Uint8Array(16).fill(4), atMs: SENT_AT_MS }
  expect(signProof(RECEIVER, terms)).toEqual(example('proof'))
  expect(isProofRight(publicKeyOf(RECEIVER), terms, example('proof'))).toBe(true)
})

test('message wire: the decline of the page is what it says', () => {
  const decline = signDecline(RECEIVER, example('id of the open message'), 'muted', SENT_AT_MS + 5)
  expect(decline.bytes).toEqual(example('decline'))
  expect(decodeDecline(example('decline'))).toEqual(decline)
  expect(isDeclineSigned(decline)).toBe(true)
})

test('message wire: the numbers of refusals, and the sizes of the page, are those of the code', () => {
  const numbers = new Map(Object.entries(REFUSALS).map(([name, { number }]) => [number, name]))
  expect(readNumberedRows(page.text, 'Refusals')).toEqual(numbers)
  expect([...numbers.keys()]).toEqual(Array.from(numbers, (_, i) => i + 1))
  for (const bytes of [MAX_ENVELOPE_BYTES, MAX_RECEIPT_BYTES, MAX_DECLINE_BYTES])
    expect(page.text).toContain(`${bytes.toLocaleString('en')} bytes`)
})

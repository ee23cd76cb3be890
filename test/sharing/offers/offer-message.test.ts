import { beforeAll, expect, test } from 'vitest'
import { encodeValue } from '../../../node/people/format/value.ts'
import {
  decodeAnswer,
  decodeMessage,
  encodeAnswer,
  encodeMessage,
  namedFiles,
  OFFER_LIMITS,
  type OffersMessage,
} from '../../../node/sharing/offers/offer-message.ts'
import { MADE_FORM, RECEIVED_FORM, RULES_FORM } from '../../../node/sharing/offers/offer-records.ts'
import { readWirePage, type WirePage } from '../../helpers/wire-page.ts'

const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte)
const OFFER = filled(16, 3)
const RECEIVER = filled(16, 6)
const SHARE = { id: filled(32, 4), secret: filled(16, 5) }
const FILE = { path: 'a.jpg', size: 1_000, mediaType: 'image/jpeg' }
const offered: OffersMessage = { type: 'offer', offer: OFFER, share: SHARE, words: 'For you', count: 1, bytes: 1_000, files: [FILE] }

const EXAMPLES: Record<string, OffersMessage> = {
  offer: offered,
  answer: { type: 'answer', offer: OFFER, answer: { state: 'taken', receiver: RECEIVER, text: '' } },
  over: { type: 'over', offer: OFFER, reason: 'taken' },
}

let page: WirePage
beforeAll(async () => {
  page = await readWirePage('node/sharing/WIRE.md')
})

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex')

test.each(Object.entries(EXAMPLES))('contact offer wire: %s is that of the page, and comes back as it was', (name, message) => {
  expect(hex(encodeValue(encodeMessage(message)))).toBe(hex(page.examples.get(`contact offer: ${name}`)))
  expect(decodeMessage(encodeMessage(message))).toEqual(message)
})

test('contact offer: an answer comes back as it was, its text cut', () => {
  const answer = { state: 'failed', receiver: RECEIVER, text: 'x'.repeat(OFFER_LIMITS.maxTextLength + 1) } as const
  expect(decodeAnswer(encodeAnswer(answer))).toEqual({ ...answer, text: 'x'.repeat(OFFER_LIMITS.maxTextLength) })
})

const with1 = (change: object) => encodeMessage({ ...offered, ...change } as OffersMessage)

test.each([
  ['no list', 'hello'],
  ['another type', [9, OFFER]],
  ['a short id', with1({ offer: filled(15, 3) })],
  ['words over the limit', with1({ words: 'x'.repeat(OFFER_LIMITS.maxWordsLength + 1) })],
  ['no files', with1({ count: 0, bytes: 0, files: [] })],
  ['more files than it says', with1({ count: 0 })],
  ['fewer bytes than its files', with1({ count: 2, bytes: 999 })],
  ['more bytes than all its files', with1({ bytes: 1_001 })],
  ['a path that leaves the folder', with1({ files: [{ ...FILE, path: '../a.jpg' }] })],
  ['a size below zero', with1({ bytes: -1, files: [{ ...FILE, size: -1 }] })],
  ['an unknown answer', [2, OFFER, 99, null, '']],
  ['an unknown reason', [3, OFFER, 9]],
])('contact offer: %s is refused', (_, value) => {
  expect(() => decodeMessage(value)).toThrow(/bad|expected/)
})

test('contact offer: as many files are named as fit, from the first', () => {
  const many = Array.from({ length: 2_000 }, (_, i) => ({ ...FILE, path: `${i}.jpg` }))
  expect(namedFiles(many)).toEqual(many.slice(0, OFFER_LIMITS.maxFiles))
  const long = Array.from({ length: 1_000 }, () => ({ ...FILE, path: 'x'.repeat(1_000) }))
  const named = namedFiles(long)
  expect(named.length).toBe(Math.floor(OFFER_LIMITS.maxNamesLength / 1_010))
  const message = { ...offered, count: 1_000, bytes: 1_000_000, files: named } as OffersMessage
  expect(encodeValue(encodeMessage(message)).byteLength).toBeLessThan(262_144)
})

test('contact offers: what is kept comes back as it was; a damaged record is refused', () => {
  const kept = { offer: OFFER, account: 'a'.repeat(52), share: SHARE, words: 'w', count: 1, bytes: 9, atMs: 1 }
  const made = [{ ...kept, state: 'taken', text: '', receiver: RECEIVER, isOwn: true, snapshot: filled(9, 1) }] as const
  expect(MADE_FORM.decode(MADE_FORM.encode(made))).toEqual(made)
  const received = {
    taken: [{ ...kept, alias: 'Ann', receiver: RECEIVER }],
    over: [{ offer: OFFER, account: kept.account, state: 'refused' as const }],
  }
  expect(RECEIVED_FORM.decode(RECEIVED_FORM.encode(received))).toEqual(received)
  const rules = [[kept.account, 'always'] as const, ['b'.repeat(52), { upTo: 5 }] as const]
  expect(RULES_FORM.decode(RULES_FORM.encode(rules))).toEqual(rules)
  for (const form of [MADE_FORM, RECEIVED_FORM, RULES_FORM])
    expect(() => form.decode(filled(3, 1))).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
})

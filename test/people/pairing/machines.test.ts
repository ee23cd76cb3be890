import { wordlist } from '@scure/bip39/wordlists/english.js'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { decodeFrame, encodeFrame, type Frame } from '../../../node/network/index.ts'
import { decodeContactEntry } from '../../../node/people/format/contact-entry.ts'
import {
  decodePairingFrame,
  encodePairingFrame,
  MAX_WORK_BITS,
  PAIRING_REFUSALS,
  type PairingFrame,
  refusalError,
} from '../../../node/people/format/pairing-frames.ts'
import { isWorkDone, verificationWords } from '../../../node/people/format/pairing-keys.ts'
import { encodeToken, termsOf } from '../../../node/people/format/token.ts'
import { type Claimer, type ClaimerStep, createClaimer } from '../../../node/people/pairing/claimer.ts'
import { createIssuer, type Issuer, type IssuerStep } from '../../../node/people/pairing/issuer.ts'
import { findWork } from '../../../node/people/pairing/work.ts'
import { EXAMPLE_CODE, EXAMPLE_ENDS, EXAMPLE_TOKEN, runPairingExample } from '../../helpers/pairing-example.ts'
import { readNumberedRows, readWirePage, type WirePage } from '../../helpers/wire-page.ts'

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const { claimer: BOB, issuer: ALICE } = EXAMPLE_ENDS
const MALLORY = '12D3KooWMallory'
const KEYS = { bob: new Uint8Array(32).fill(1), alice: new Uint8Array(32).fill(3), mallory: new Uint8Array(32).fill(6) }

const claimerOf = (own: string, remote: string, password: string = 'guitar mango') =>
  createClaimer({
    kind: 'contact',
    form: 'code',
    terms: { ...termsOf(EXAMPLE_CODE), password: new TextEncoder().encode(password) },
    own,
    remote,
    card: Uint8Array.of(7),
    randomBytes: random,
  })
const issuerOf = (own: string, remote: string, { password = 'guitar mango', workBits = 0 } = {}) =>
  createIssuer({ own, remote, lookUp: () => ({ password: new TextEncoder().encode(password), workBits }), randomBytes: random })

const sent = (step: IssuerStep | ClaimerStep): PairingFrame => {
  if (step.do !== 'send') throw new Error(`a frame was expected, not: ${step.do}`)
  return step.frame
}
const NO_WORK = new Uint8Array(8)

/** Up to the claimer's guess. */
function exchange(claimer: Claimer, issuer: Issuer) {
  expect(claimer.receive(sent(issuer.receive(claimer.start()))).do).toBe('work')
  const confirm = sent(claimer.receive(sent(issuer.receive(claimer.worked(NO_WORK)))))
  const step = issuer.receive(confirm)
  if (step.do !== 'check') throw new Error('a guess was expected')
  return { confirm, check: step.check }
}

let page: WirePage
beforeAll(async () => {
  page = await readWirePage('node/people/WIRE.md')
})

test('pairing wire: frames, keys, words and refusals are those of the page', async () => {
  const { frames, words, cards } = await runPairingExample()
  for (const [name, bytes] of frames) {
    expect(bytes, name).toEqual(page.examples.get(`pairing ${name}`))
    expect(encodeFrame(encodePairingFrame(decodePairingFrame(decodeFrame(bytes)))), name).toEqual(bytes)
  }
  expect([...frames.keys()]).toEqual(['claim', 'challenge', 'share', 'answer', 'confirm', 'accept', 'done'])
  expect(cards).toEqual([Uint8Array.of(8), Uint8Array.of(9)])
  expect(page.text).toContain(`The verification words are *${words.join(' ')}*.`)
  expect(encodeFrame(encodePairingFrame({ type: 'refuse', refusal: 'used' }))).toEqual(page.examples.get('pairing refuse'))
  if (EXAMPLE_TOKEN.form === 'token') expect(page.text).toContain(encodeToken(EXAMPLE_TOKEN.token))
  expect(termsOf(EXAMPLE_TOKEN).key).toEqual(page.examples.get('key of the token'))
  expect(termsOf(EXAMPLE_TOKEN).id).toEqual(page.examples.get('id of the token'))
  expect(termsOf(EXAMPLE_CODE).key).toEqual(page.examples.get('key of the number 0742'))
  expect(decodeContactEntry(page.examples.get('entry of a contact') as Uint8Array)).toMatchObject({ alias: 'Zoë', state: 'trusted' })
  const refusals = page.text.split('### Refusals of a claim')[1]?.split('\n### ')[0] ?? ''
  const rows = readNumberedRows(`\n## Refusals\n${refusals}`, 'Refusals')
  expect([...rows].map(([number, name]) => [name, number])).toEqual(Object.entries(PAIRING_REFUSALS))
})

test('pairing: one who stands in the middle and passes everything on is found out by the issuer', () => {
  const [claimer, issuer] = [claimerOf(BOB, MALLORY), issuerOf(ALICE, MALLORY)]
  expect(exchange(claimer, issuer).check()).toBeUndefined()
})

test('pairing: the work for one issuer is none for another', async () => {
  const [claimer, issuer] = [claimerOf(BOB, MALLORY), issuerOf(ALICE, MALLORY, { workBits: 16 })]
  const step = claimer.receive(sent(issuer.receive(claimer.start())))
  if (step.do !== 'work') throw new Error('work was expected')
  const work = await findWork(step.subject, 8)
  expect(isWorkDone(step.subject, 8, work)).toBe(true)
  expect(() => issuer.receive(claimer.worked(work))).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
})

test('pairing: one who has stolen the secret and pairs with both gives them other verification words', () => {
  const toBob = issuerOf(MALLORY, BOB)
  const bob = claimerOf(BOB, MALLORY)
  const alice = issuerOf(ALICE, MALLORY)
  const toAlice = claimerOf(MALLORY, ALICE)
  const [withBob, withAlice] = [exchange(bob, toBob).check(), exchange(toAlice, alice).check()]
  if (withBob === undefined || withAlice === undefined) throw new Error('the secret is the right one')
  const ofBob = bob.receive(toBob.accept(Uint8Array.of(8)))
  if (ofBob.do !== 'finish') throw new Error('an end was expected')
  const wordsOf = (subject: typeof ofBob.words, ...accounts: [Uint8Array, Uint8Array]) => verificationWords(subject, accounts, wordlist)
  const bobs = wordsOf(ofBob.words, KEYS.bob, KEYS.mallory)
  expect(wordsOf(withBob.words, KEYS.mallory, KEYS.bob)).toEqual(bobs)
  expect(wordsOf(withAlice.words, KEYS.alice, KEYS.mallory)).not.toEqual(bobs)
})

test('pairing: an issuer that does not know the secret, or changes its share, is refused by the claimer', () => {
  const [claimer, issuer] = [claimerOf(BOB, ALICE), issuerOf(ALICE, BOB, { password: 'able zoo' })]
  expect(exchange(claimer, issuer).check()).toBeUndefined()
  expect(() => claimer.receive(issuer.accept(Uint8Array.of(8)))).toThrow(expect.objectContaining({ code: 'ERR_TOKEN_WRONG' }))

  const another = claimerOf(BOB, ALICE)
  another.receive(sent(issuerOf(ALICE, BOB).receive(another.start())))
  const begun = issuerOf(ALICE, BOB)
  begun.receive(another.start())
  const answer = sent(begun.receive(another.worked(NO_WORK)))
  expect(() => another.receive(answer)).toThrow(expect.objectContaining({ code: 'ERR_TOKEN_WRONG' }))
})

test('pairing: one exchange is one guess, and a recorded one is none', () => {
  const [claimer, issuer] = [claimerOf(BOB, ALICE), issuerOf(ALICE, BOB)]
  const { confirm, check } = exchange(claimer, issuer)
  expect(check()?.card).toEqual(Uint8Array.of(7))
  expect(() => issuer.receive(confirm)).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
  const again = issuerOf(ALICE, BOB)
  again.receive(claimer.start())
  again.receive(claimer.worked(NO_WORK))
  const step = again.receive(confirm)
  expect(step.do === 'check' && step.check()).toBeUndefined()
})

test('pairing: frames out of turn end it, on both sides', () => {
  const { start, worked } = claimerOf(BOB, ALICE)
  expect(() => worked(NO_WORK)).toThrow(TypeError)
  const bytes = (length: number) => new Uint8Array(length)
  const frames: PairingFrame[] = [
    start(),
    { type: 'challenge', nonce: bytes(16), commitment: bytes(32), workBits: 0 },
    { type: 'share', share: bytes(32), work: bytes(8) },
    { type: 'answer', share: bytes(32) },
    { type: 'confirm', tag: bytes(64), card: bytes(0) },
    { type: 'accept', tag: bytes(64), card: bytes(0) },
    { type: 'done', card: bytes(0) },
  ]
  const outOfTurn = expect.objectContaining({ code: 'ERR_BAD_FRAME' })
  for (const frame of frames) {
    if (frame.type !== 'claim') expect(() => issuerOf(ALICE, BOB).receive(frame), frame.type).toThrow(outOfTurn)
    if (frame.type !== 'challenge') expect(() => claimerOf(BOB, ALICE).receive(frame), frame.type).toThrow(outOfTurn)
  }
})

test('pairing: frames that are none are refused, whatever they are', () => {
  const wrong: unknown[][] = [
    [],
    [0],
    [9],
    [1, 1, 0, 0, new Uint8Array(15), new Uint8Array(16)],
    [1, 2, 0, 0, new Uint8Array(16), new Uint8Array(16)],
    [1, 1, 0, 1, new TextEncoder().encode('12a4'), new Uint8Array(16)],
    [1, 1, 3, 0, new Uint8Array(16), new Uint8Array(16)],
    [2, new Uint8Array(16), new Uint8Array(32), MAX_WORK_BITS + 1],
    [2, new Uint8Array(16), new Uint8Array(32), -1],
    [3, new Uint8Array(32), new Uint8Array(7)],
    [5, new Uint8Array(64), new Uint8Array(4_097)],
    [7],
    [8],
    [7, new Uint8Array(4_097)],
  ]
  for (const frame of wrong) expect(() => decodePairingFrame(frame as Frame)).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
  expect(decodePairingFrame([8, 99])).toEqual({ type: 'refuse', refusal: 'malformed' }) // a newer version's
  const field = fc.oneof(fc.nat(20), fc.uint8Array({ maxLength: 80 }), fc.string(), fc.constant(null))
  fc.assert(
    fc.property(fc.integer({ min: -1, max: 9 }), fc.array(field, { maxLength: 6 }), (type, fields) => {
      try {
        expect(encodePairingFrame(decodePairingFrame([type, ...fields])).length).toBeGreaterThan(1)
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_BAD_FRAME' })
      }
    }),
  )
})

test('pairing: each refusal has words and a code', () => {
  const codes = Object.keys(PAIRING_REFUSALS).map((refusal) => refusalError(refusal as keyof typeof PAIRING_REFUSALS).code)
  for (const code of ['UNKNOWN', 'USED', 'EXPIRED', 'BURNT', 'WRONG']) expect(codes).toContain(`ERR_TOKEN_${code}`)
})

test('pairing: work can be ended', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const working = findWork(new Uint8Array(32), 32, { signal: controller.signal })
  controller.abort(reason)
  await expect(working).rejects.toBe(reason)
})

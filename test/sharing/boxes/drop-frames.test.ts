import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { decodeFrame, encodeFrame, type Frame } from '../../../node/network/index.ts'
import { createBoxKeys, createVisitKeys } from '../../../node/sharing/boxes/box-keys.ts'
import { decodeBoxRecord, encodeBoxRecord } from '../../../node/sharing/boxes/box-record.ts'
import { DROP_REFUSALS, type DropFrame, decodeDropFrame, encodeDropFrame } from '../../../node/sharing/boxes/drop-frames.ts'
import { frameBody, readNumberedRows, readWirePage, type WirePage } from '../../helpers/wire-page.ts'

const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte)
const [SEED, SECRET] = [filled(32, 1), filled(16, 2)]
const keys = createBoxKeys(SEED, SECRET)
const visit = createVisitKeys(keys.path)
const OWNER = '12D3KooWOwner'
const SENDER = '12D3KooWSender'
const SUBMISSION = filled(16, 3)

const EXAMPLES: Record<string, DropFrame> = {
  hello: { type: 'hello', box: keys.key, proof: visit.prove(SENDER, OWNER) },
  welcome: {
    type: 'welcome',
    publicKey: keys.publicKey,
    signature: keys.sign(OWNER, SENDER),
    terms: { title: 'For Bob', maxFiles: 5, types: ['.jpg'] },
  },
  refuse: { type: 'refuse', refusal: 'over' },
  offer: {
    type: 'offer',
    submission: SUBMISSION,
    share: { id: filled(32, 4), secret: filled(16, 5) },
    from: 'Ann',
    words: 'For you',
    files: [{ path: 'a.jpg', size: 1_000, mediaType: 'image/jpeg' }],
  },
  asked: { type: 'asked', submission: SUBMISSION },
  accepted: { type: 'accepted', submission: SUBMISSION },
  refused: { type: 'refused', submission: SUBMISSION, refusal: { code: 'asked', text: 'Not today' } },
  news: { type: 'news', submission: SUBMISSION, news: { state: 'done', text: '' } },
  put: { type: 'put', path: 'a.txt', size: 5, mediaType: 'text/plain', from: '', words: '' },
  data: { type: 'data', bytes: new TextEncoder().encode('hello') },
  end: { type: 'end', sha256: filled(32, 6) },
  stored: { type: 'stored', size: 5, sha256: filled(32, 6) },
}

let page: WirePage
beforeAll(async () => {
  page = await readWirePage('node/sharing/WIRE.md')
})

test.each(Object.entries(EXAMPLES))('drop wire: %s is that of the page, and comes back as it was', (name, frame) => {
  const bytes = frameBody(page.examples.get(`drop ${name}`) ?? new Uint8Array())
  expect(Buffer.from(encodeFrame(encodeDropFrame(frame))).toString('hex')).toBe(Buffer.from(bytes).toString('hex'))
  expect(decodeDropFrame(decodeFrame(bytes))).toEqual(frame)
})

test('drop wire: the numbers of refusals are those of the page', () => {
  expect(readNumberedRows(page.text, 'Refusals of a drop box')).toEqual(
    new Map(Object.entries(DROP_REFUSALS).map(([code, number]) => [number, code])),
  )
})

test('drop wire: a hello and a welcome prove nothing for other peers, another box or another secret', () => {
  const proof = visit.prove(SENDER, OWNER)
  expect(keys.isProof(proof, SENDER, OWNER)).toBe(true)
  expect(keys.isProof(proof, OWNER, SENDER)).toBe(false)
  expect(keys.isProof(proof.subarray(1), SENDER, OWNER)).toBe(false)
  expect(createBoxKeys(SEED, filled(16, 9)).isProof(proof, SENDER, OWNER)).toBe(false)
  expect(createBoxKeys(filled(32, 9), SECRET).isProof(proof, SENDER, OWNER)).toBe(false)
  const welcome = { publicKey: keys.publicKey, signature: keys.sign(OWNER, SENDER) }
  expect(visit.isWelcome(welcome, OWNER, SENDER)).toBe(true)
  expect(visit.isWelcome(welcome, SENDER, OWNER)).toBe(false)
  const other = createBoxKeys(filled(32, 9), SECRET)
  expect(visit.isWelcome({ publicKey: other.publicKey, signature: other.sign(OWNER, SENDER) }, OWNER, SENDER)).toBe(false)
})

test('drop wire: what is no frame is refused as one, whatever it is', () => {
  const field = fc.oneof(fc.integer(), fc.string(), fc.uint8Array({ maxLength: 40 }), fc.constant(null), fc.array(fc.string()))
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 20 }), fc.array(field, { maxLength: 6 }), (type, fields) => {
      try {
        const frame: Frame = [type, ...fields]
        expect(decodeDropFrame(encodeDropFrame(decodeDropFrame(frame)))).toEqual(decodeDropFrame(frame))
      } catch (error) {
        expect(['ERR_BAD_FRAME', 'ERR_BAD_OPTION']).toContain((error as { code?: string }).code)
      }
    }),
  )
})

test('box record: comes back as it was, and a damaged one is refused', () => {
  const known = { id: SUBMISSION, share: undefined, atMs: 5, from: 'Ann', words: 'For you', count: 1, bytes: 1_000, text: '' }
  const record = {
    seed: SEED,
    secret: SECRET,
    terms: { title: 'For Bob' },
    lastAtMs: 5,
    submissions: [{ ...known, state: 'taking' as const }],
  }
  const bytes = encodeBoxRecord(record)
  expect(decodeBoxRecord(bytes)).toEqual(record)
  for (const wrong of [bytes.subarray(1), filled(5, 1), new Uint8Array()])
    expect(() => decodeBoxRecord(wrong)).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
})

/** The examples and numbers of WIRE.md, for shares. */

import { beforeAll, expect, test } from 'vitest'
import { sha256AtOnce } from '../../../node/keys/index.ts'
import { publicKeyOf } from '../../../node/keys/signing.ts'
import { decodeFrame, encodeFrame } from '../../../node/network/index.ts'
import { type ListedEntry, pagesOf } from '../../../node/sharing/format/share-entry.ts'
import { decodeShareFrame, encodeShareFrame, SHARE_CODES, type ShareFrame } from '../../../node/sharing/format/share-frames.ts'
import { helloProof, isHelloProof } from '../../../node/sharing/format/share-keys.ts'
import { linkPathOf, parseLink } from '../../../node/sharing/format/share-link.ts'
import { isList, isWelcome, signList, signWelcome } from '../../../node/sharing/format/share-signatures.ts'
import { frameBody, readNumberedRows, readWirePage, type WirePage } from '../../helpers/wire-page.ts'

const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte)
const SEED = filled(32, 1)
const publicKey = publicKeyOf(SEED)
const LINK = { id: sha256AtOnce(publicKey), secret: filled(16, 2) }
const ENDS = { owner: '12D3KooWSharer', visitor: '12D3KooWReceiver' }

const FILE: ListedEntry = {
  ...{ id: 1, kind: 'file', path: 'beach/sea.jpg', size: 1_000_000, mediaType: 'image/jpeg', modifiedMs: 1_764_400_000_000 },
  ...{ state: 'ready', text: undefined, hash: '03'.repeat(32), outline: filled(32, 4), travelSize: 1_000_400, linkKey: filled(32, 5) },
}
const TEXT: ListedEntry = {
  ...{ id: 2, kind: 'text', path: 'words', size: 5, mediaType: 'text/plain', modifiedMs: undefined, state: 'ready', text: 'hello' },
  ...{ hash: undefined, outline: undefined, travelSize: 0, linkKey: undefined },
}
/** To a receiver that has taken the first entry alone. */
const PAGES = pagesOf([FILE, TEXT], new Set([1]))

const EXAMPLES: Record<string, ShareFrame> = {
  hello: { type: 'hello', id: LINK.id, proof: helloProof('s', LINK, ENDS), receiver: filled(16, 6), label: 'Firefox on Linux' },
  welcome: {
    ...{ type: 'welcome', publicKey, signature: signWelcome('s', SEED, LINK.id, ENDS), needsPassword: true },
    rules: { receivers: 1, untilMs: 1_764_500_000_000, ask: false, stopAfterFirst: true },
  },
  'hello that takes an offer': {
    ...{ type: 'hello', id: LINK.id, proof: helloProof('s', LINK, ENDS), receiver: filled(16, 6), label: '', takesOffer: true },
  },
  'welcome with an offer': {
    ...{ type: 'welcome', publicKey, signature: signWelcome('s', SEED, LINK.id, ENDS), needsPassword: false, offers: true },
    rules: { ask: false, stopAfterFirst: false },
  },
  refuse: { type: 'refuse', code: 'ERR_SHARE_PASSWORD', triesLeft: 2 },
  password: { type: 'password', password: 'bread' },
  list: { type: 'list', sequence: 3, pages: 1, signature: signList(SEED, LINK.id, 3, PAGES) },
  page: { type: 'page', sequence: 3, entries: [FILE, { ...TEXT, text: undefined }], fields: PAGES[0] ?? [] },
  take: { type: 'take', entries: [1] },
  'take all': { type: 'take', entries: undefined },
  asked: { type: 'asked' },
  taken: { type: 'taken', entries: new Set([1]) },
  'taken all': { type: 'taken', entries: 'all' },
  'taken of 0.8.0': { type: 'taken', entries: undefined },
  progress: { type: 'progress', reports: [[1, 500_000]] },
  saved: { type: 'saved', entry: 1 },
  way: { type: 'way', way: 'relayed' },
  ended: { type: 'ended', code: 'ERR_SHARE_EXPIRED' },
  problem: { type: 'problem', text: 'Its disk is full' },
  signal: { type: 'signal', bytes: filled(4, 7) },
  want: { type: 'want', entry: 1, piece: 0 },
  'want of hashes': { type: 'want', entry: 1, piece: undefined },
  part: { type: 'part', left: 65_536, bytes: filled(4, 7) },
}

let page: WirePage
beforeAll(async () => {
  page = await readWirePage('node/sharing/WIRE.md')
})

test.each(Object.entries(EXAMPLES))('share wire: %s is that of the page, and comes back as it was', (name, frame) => {
  const bytes = frameBody(page.examples.get(`share ${name}`) ?? new Uint8Array())
  expect(Buffer.from(encodeFrame(encodeShareFrame(frame))).toString('hex')).toBe(Buffer.from(bytes).toString('hex'))
  const decoded = decodeShareFrame(decodeFrame(bytes))
  expect(encodeFrame(encodeShareFrame(decoded))).toEqual(encodeFrame(encodeShareFrame(frame)))
  if (frame.type === 'page') expect(decoded).toMatchObject({ entries: frame.entries })
  else expect(decoded).toEqual(frame)
})

test('share wire: the numbers of refusals are those of the page, and its link is that of the examples', () => {
  expect(readNumberedRows(page.text, 'Refusals of a share')).toEqual(
    new Map(Object.entries(SHARE_CODES).map(([code, number]) => [number, code.replace('ERR_SHARE_', '').toLowerCase()])),
  )
  const path = linkPathOf('s', LINK)
  expect(page.text).toContain(path)
  expect(parseLink('s', `https://gateway.example${path}`)).toEqual(LINK)
})

test('share wire: proofs hold for these peers, this share and this list alone', () => {
  const proof = helloProof('s', LINK, ENDS)
  const turned = { owner: ENDS.visitor, visitor: ENDS.owner }
  const holds = [isHelloProof('s', LINK, ENDS, proof), isHelloProof('s', LINK, turned, proof), isHelloProof('d', LINK, ENDS, proof)]
  expect(holds).toEqual([true, false, false])
  expect(isHelloProof('s', { ...LINK, secret: filled(16, 9) }, ENDS, proof)).toBe(false)
  const welcome = { publicKey, signature: signWelcome('s', SEED, LINK.id, ENDS) }
  expect([isWelcome('s', LINK.id, ENDS, welcome), isWelcome('s', LINK.id, turned, welcome)]).toEqual([true, false])
  expect(isWelcome('s', filled(32, 9), ENDS, welcome)).toBe(false)
  const signature = signList(SEED, LINK.id, 3, PAGES)
  const everything = pagesOf([FILE, TEXT], 'all')
  expect([isList(publicKey, LINK.id, 3, PAGES, signature), isList(publicKey, LINK.id, 3, everything, signature)]).toEqual([true, false])
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeCanonical, encodeCanonical } from '../../../node/keys/canonical.ts'
import { createSigningSecret, publicKeyOf } from '../../../node/keys/signing.ts'
import type { Chosen } from '../../../node/sharing/format/chosen.ts'
import { type ListedEntry, pagesOf } from '../../../node/sharing/format/share-entry.ts'
import { decodeShareFrame, encodeShareFrame, type ShareFrame } from '../../../node/sharing/format/share-frames.ts'
import { isList, signList } from '../../../node/sharing/format/share-signatures.ts'
import { decodeShareRecord, encodeShareRecord } from '../../../node/sharing/sharer/share-record.ts'

const bytes = (length: number, fill = 7) => new Uint8Array(length).fill(fill)

const entry = (id: number, changes: Partial<ListedEntry> = {}): ListedEntry => ({
  ...{ id, kind: 'file', path: `f${id}`, size: 9, mediaType: 'text/plain', modifiedMs: undefined, state: 'ready', text: undefined },
  ...{ hash: '07'.repeat(32), outline: undefined, travelSize: 99, linkKey: bytes(32) },
  ...changes,
})

const FRAMES: ShareFrame[] = [
  { type: 'hello', id: bytes(32), proof: bytes(32), receiver: bytes(16), label: 'Firefox on Linux' },
  {
    type: 'welcome',
    publicKey: bytes(32),
    signature: bytes(64),
    rules: { receivers: 2, untilMs: 9, ask: true, stopAfterFirst: false },
    needsPassword: true,
  },
  { type: 'welcome', publicKey: bytes(32), signature: bytes(64), rules: { ask: false, stopAfterFirst: true }, needsPassword: false },
  { type: 'hello', id: bytes(32), proof: bytes(32), receiver: bytes(16), label: '', takesOffer: true },
  {
    type: 'welcome',
    publicKey: bytes(32),
    signature: bytes(64),
    rules: { ask: false, stopAfterFirst: false },
    needsPassword: false,
    offers: true,
  },
  { type: 'refuse', code: 'ERR_SHARE_PASSWORD', triesLeft: 2 },
  { type: 'password', password: 'bread' },
  { type: 'list', sequence: 3, pages: 1, signature: bytes(64) },
  { type: 'take', entries: [1, 2] },
  { type: 'take', entries: undefined },
  { type: 'asked' },
  { type: 'taken', entries: undefined },
  { type: 'taken', entries: 'all' },
  { type: 'taken', entries: new Set([1, 2]) },
  { type: 'progress', reports: [[1, 100]] },
  { type: 'saved', entry: 1 },
  { type: 'way', way: 'direct' },
  { type: 'ended', code: 'ERR_SHARE_EXPIRED' },
  { type: 'signal', bytes: bytes(9) },
]

test.each(FRAMES.map((frame): [string, ShareFrame] => [frame.type, frame]))('a %s frame is read as it was written', (_, frame) => {
  expect(decodeShareFrame(encodeShareFrame(frame))).toEqual(frame)
})

test('a page shows what opens contents, and texts, of the entries alone that were taken', () => {
  const entries = [entry(1), entry(2, { kind: 'text', text: 'hello', hash: undefined, linkKey: undefined, outline: bytes(32) })]
  const read = (given: Chosen | undefined) => {
    const [fields = []] = pagesOf(entries, given)
    const frame = decodeShareFrame(encodeShareFrame({ type: 'page', sequence: 1, entries: [], fields }))
    return frame.type === 'page' ? frame.entries : []
  }
  const closed = entries.map((each) => ({ ...each, linkKey: undefined, text: undefined }))
  expect(read('all')).toEqual(entries)
  expect(read(undefined)).toEqual(closed)
  expect(read(new Set([2, 3]))).toEqual([closed[0], entries[1]])
})

test('a list is cut into pages that fit, in order; its signature holds for all of it, in this order, under this number', () => {
  const seed = createSigningSecret()
  const publicKey = publicKeyOf(seed)
  const entries = Array.from({ length: 1_200 }, (_, id) => entry(id, { path: `${'x'.repeat(200)}${id}` }))
  const pages = pagesOf(entries, 'all')
  expect(pages.flat().map(([id]) => id)).toEqual(entries.map(({ id }) => id))
  expect(pages.length).toBeGreaterThan(2)
  const signature = signList(seed, bytes(32), 5, pages)
  const holds = (sequence: number, given: unknown[][][]) => isList(publicKey, bytes(32), sequence, given, signature)
  expect([holds(5, pages), holds(6, pages), holds(5, pages.slice(1)), holds(5, [...pages].reverse())]).toEqual([true, false, false, false])
})

test('anything else is no frame', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer(), fc.string(), fc.uint8Array(), fc.constant(null)), { maxLength: 6 }), (frame) => {
      try {
        decodeShareFrame(frame as never)
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_BAD_FRAME' })
      }
    }),
  )
})

test('a share is read as it was kept; damaged, it is refused', () => {
  const record = {
    ...{ seed: bytes(32), secret: bytes(16), wrongPasswords: 1, sequence: 4, endCode: undefined },
    rules: { receivers: 1, untilMs: 99, password: 'x', ask: true, stopAfterFirst: true, sealed: false },
    receivers: [['0a'.repeat(16), { peer: 'p', hasPassword: true, wrongPasswords: 1, place: 'taken' }]] as const,
    peers: [['p', { wrongPasswords: 1, isRefused: true }]] as const,
    entries: [{ id: 1, path: 'a', size: 3, linkKey: bytes(32), salt: bytes(32), hash: undefined }],
  }
  const kept = encodeShareRecord(record)
  const old = (decodeCanonical('a share', kept, 9_999, (value) => value) as unknown[]).slice(0, -1)
  old[0] = 1
  old[7] = (old[7] as unknown[][]).map((receiver) => receiver.slice(0, -1))
  expect(decodeShareRecord(encodeCanonical(old)), 'of version 0.8.0').toEqual({
    ...record,
    receivers: [[record.receivers[0][0], { ...record.receivers[0][1], peer: '' }]],
    peers: [],
  })
  expect(decodeShareRecord(kept)).toEqual(record)
  expect(() => decodeShareRecord(kept.subarray(1))).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
})

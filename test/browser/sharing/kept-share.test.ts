import { expect, test } from 'vitest'
import { type KeptRecord, KeptShare } from '../../../browser/sharing/kept-share.ts'
import { MemoryStore } from '../../helpers/memory-store.ts'

const text = { entry: 1, kind: 'text', path: 'text.txt', text: 'a few words \u{1f98b}' } as const
const file = { entry: 2, kind: 'file', path: 'b (2).txt', name: 'b.txt', size: 3, modifiedMs: 5, mediaType: 'text/plain' } as const
const record = (items: KeptRecord['items']): KeptRecord => ({ id: 'share', snapshot: Uint8Array.of(0, 255, 7), items })

test('kept share: what was shared comes back, a small file with its bytes, a large one with its name and size', () => {
  const store = new MemoryStore()
  const kept = new KeptShare(store)
  kept.keepFile(2, Uint8Array.of(1, 2, 3))
  const large = { ...file, entry: 3, path: 'c.bin', name: 'c.bin', size: 5_000_000, bytes: undefined }
  expect(kept.keep(record([text, { ...file, bytes: undefined }, large]))).toBe(true)
  expect(new KeptShare(store).read()).toEqual(record([text, { ...file, bytes: Uint8Array.of(1, 2, 3) }, large]))
})

test('kept share: files beyond the limit are left to be chosen again', () => {
  const kept = new KeptShare(new MemoryStore(), 8)
  kept.keepFile(2, new Uint8Array(3))
  kept.keepFile(3, new Uint8Array(6))
  kept.keep(
    record([
      { ...file, bytes: undefined },
      { ...file, entry: 3, bytes: undefined },
    ]),
  )
  expect(kept.read()?.items.map((item) => item.kind === 'file' && item.bytes?.byteLength)).toEqual([3, undefined])
  expect([kept.hasRoomFor(3), kept.hasRoomFor(4)]).toEqual([true, false])
  kept.dropFile(2)
  expect([kept.hasRoomFor(6), kept.hasRoomFor(7)]).toEqual([true, false])
})

test('kept share: a storage that is full keeps no older record, and says so', () => {
  const store = new MemoryStore()
  const kept = new KeptShare(store)
  kept.keepFile(1, Uint8Array.of(1))
  kept.keep(record([text]))
  store.setItem = () => {
    throw new DOMException('full', 'QuotaExceededError')
  }
  expect(kept.keep(record([]))).toBe(false)
  expect(kept.read()).toBeUndefined()
  expect(store.length).toBe(0)
})

test('kept share: a damaged record is removed', () => {
  const store = new MemoryStore()
  for (const damaged of ['{', '{}', 'null']) {
    store.setItem('mayfly:share', damaged)
    expect(new KeptShare(store).read()).toBeUndefined()
    expect(store.length).toBe(0)
  }
})

import { describe, expect, it } from 'vitest'
import { KeptContent, type KeptEntry } from '../../../browser/holding/kept-content.ts'
import { MemoryStore } from '../../helpers/memory-store.ts'

function entry(hash: string, bytes: Uint8Array): KeptEntry {
  return { hash, bytes, madeHere: true, label: `label of ${hash}` }
}

const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i)

describe('kept content', () => {
  it('returns the same bytes after a reload of the tab', () => {
    const store = new MemoryStore()
    expect(new KeptContent(store).keep(entry('a', everyByte))).toBe(true)
    expect(new KeptContent(store).get('a')).toEqual(entry('a', everyByte))
  })

  it('keeps the empty page', () => {
    const kept = new KeptContent(new MemoryStore())
    kept.keep(entry('a', new Uint8Array()))
    expect(kept.get('a')?.bytes).toEqual(new Uint8Array())
  })

  it('keeps content as large as a page may be', () => {
    const bytes = new Uint8Array(262_144).fill(0xfe)
    const kept = new KeptContent(new MemoryStore())
    expect(kept.keep(entry('a', bytes))).toBe(true)
    expect(kept.get('a')?.bytes).toEqual(bytes)
  })

  it('lists the oldest first, in any order of the storage', () => {
    const store = new MemoryStore()
    const kept = new KeptContent(store)
    for (const hash of ['b', 'c', 'a']) kept.keep(entry(hash, everyByte))
    kept.keep(entry('b', everyByte))
    expect(kept.list().map(({ hash }) => hash)).toEqual(['c', 'a', 'b'])
  })

  it('refuses an entry over its limit, and keeps the others', () => {
    const kept = new KeptContent(new MemoryStore(), 500)
    expect(kept.keep(entry('a', everyByte))).toBe(true)
    expect(kept.keep(entry('b', everyByte))).toBe(false)
    expect(kept.list().map(({ hash }) => hash)).toEqual(['a'])
    kept.drop('a')
    expect(kept.keep(entry('b', everyByte))).toBe(true)
  })

  it('counts an entry once when it is kept again', () => {
    const kept = new KeptContent(new MemoryStore(), 500)
    expect(kept.keep(entry('a', everyByte))).toBe(true)
    expect(kept.keep(entry('a', everyByte))).toBe(true)
  })

  it('returns false when the browser has less space', () => {
    expect(new KeptContent(new MemoryStore(100)).keep(entry('a', everyByte))).toBe(false)
  })

  it('skips unreadable entries', () => {
    const store = new MemoryStore()
    store.setItem('mayfly:held:broken', '{"label":1')
    store.setItem('mayfly:held:odd', JSON.stringify({ label: '', madeHere: true, order: 1, base64: '%%%' }))
    store.setItem('another app', 'x')
    const kept = new KeptContent(store)
    kept.keep(entry('a', everyByte))
    expect(kept.list().map(({ hash }) => hash)).toEqual(['a'])
    expect(kept.get('broken')).toBeUndefined()
  })
})

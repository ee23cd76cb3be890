import { describe, expect, it } from 'vitest'
import { Cell } from '../../../browser/cell.ts'
import type { HeldPage } from '../../../browser/holding/held-page-list.ts'
import { type MadePage, MadePages } from '../../../browser/holding/made-pages.ts'
import { MemoryStore } from '../../helpers/memory-store.ts'

const FILES = { size: 7, files: 1, isFolder: false }
const made = (hash: string): MadePage => ({ hash, label: `${hash}.bin`, ...FILES })
const held = (hash: string): HeldPage => ({ hash, size: 7, label: `${hash}.bin`, madeHere: true, kept: false })

/** The part of the holdings that is used. */
function createHoldings(...hashes: string[]) {
  const pages = new Cell<readonly HeldPage[]>([])
  const hold = (...names: string[]) => pages.set(names.map(held))
  hold(...hashes)
  return { pages, has: (hash: string) => pages.get().some((page) => page.hash === hash), hold }
}

describe('pages made of chosen files', () => {
  it('are missing after a reload, until they are held again', () => {
    const store = new MemoryStore()
    const before = createHoldings('a', 'b')
    const pages = new MadePages(store, before)
    pages.remember(held('a'), FILES)
    pages.remember(held('b'), FILES)
    pages.remember({ ...held('c'), kept: true }, FILES)
    expect(pages.missing.get()).toEqual([])

    const after = createHoldings()
    const reloaded = new MadePages(store, after)
    expect(reloaded.missing.get()).toEqual([made('a'), made('b')])
    after.hold('b')
    expect(reloaded.missing.get()).toEqual([made('a')])
    expect(new MadePages(store, createHoldings()).missing.get()).toEqual([made('a'), made('b')])
  })

  it('are forgotten when the author stops holding them, or says so', () => {
    const store = new MemoryStore()
    const holdings = createHoldings('a', 'b')
    const pages = new MadePages(store, holdings)
    pages.remember(held('a'), FILES)
    pages.remember(held('b'), FILES)
    holdings.hold('b')
    const reloaded = new MadePages(store, createHoldings())
    expect(reloaded.missing.get()).toEqual([made('b')])
    reloaded.forget('b')
    expect(reloaded.missing.get()).toEqual([])
    expect(new MadePages(store, createHoldings()).missing.get()).toEqual([])
  })

  it('are none when the storage is full, or has something else', () => {
    const full = new MemoryStore(10)
    new MadePages(full, createHoldings('a')).remember(held('a'), FILES)
    expect(new MadePages(full, createHoldings()).missing.get()).toEqual([])
    const odd = new MemoryStore()
    odd.setItem('mayfly:made', 'no JSON')
    expect(new MadePages(odd, createHoldings()).missing.get()).toEqual([])
  })
})

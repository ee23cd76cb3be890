import { describe, expect, it } from 'vitest'
import type { HeldPage } from '../../../browser/holding/held-page-list.ts'
import { HeldPageList } from '../../../browser/holding/held-page-list.ts'

const page = (hash: string, more: Partial<HeldPage> = {}): HeldPage => ({ hash, size: 1, label: '', madeHere: true, kept: false, ...more })

describe('the list of held pages', () => {
  it('ends the files of a bundle with it, except those that are held by themselves or for another bundle', () => {
    const files = ['a', 'b', 'c'].map((hash) => page(hash, { isPart: true }))
    const list = new HeldPageList([...files, page('x', { parts: ['a', 'b', 'c'] }), page('y', { parts: ['b'] })])
    expect(list.endingWith('x')).toEqual(['x', 'a', 'c'])
    list.add(page('c'))
    expect(list.endingWith('x')).toEqual(['x', 'a'])
    expect([list.isPartOfBundle('c'), list.isPartOfBundle('x')]).toEqual([true, false])
  })

  it('keeps a page that is held by itself when it also becomes part of a bundle', () => {
    const list = new HeldPageList([page('a'), page('b')])
    expect(list.add(page('a', { isPart: true })).isPart).toBeUndefined()
    expect(list.pages.get().map(({ hash }) => hash)).toEqual(['b', 'a'])
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DraftText } from '../../../browser/content/draft-text.ts'
import { MAX_DRAFT_CHARACTERS } from '../../../browser/peer/tab-session.ts'
import { MemoryStore } from '../../helpers/memory-store.ts'

const asShown = (text: string) => text.replace(/\r\n?/g, '\n')
/** Text with many line ends of all kinds, and some characters outside the basic plane. */
const lines = fc.array(fc.constantFrom('a', 'b', '\r\n', '\n', '\r', '👋', 'ß'), { maxLength: 20 }).map((parts) => parts.join(''))

/** Enters text as a text field does: replaces the selection, and shows every line end as LF. */
function putIn(draft: DraftText, text: string, start = draft.shown.length, end = start): void {
  draft.edit(draft.shown.slice(0, start) + asShown(text) + draft.shown.slice(end), { text, start, end })
}

describe('draft text', () => {
  it('keeps CRLF that was pasted into an empty field', () => {
    const draft = new DraftText(new MemoryStore())
    putIn(draft, 'one\r\ntwo\r\n')
    expect(draft.encode()).toEqual(new TextEncoder().encode('one\r\ntwo\r\n'))
    expect(draft.hasCarriageReturns).toBe(true)
  })

  it('keeps the line ends of a paste while text around it is typed and deleted', () => {
    const draft = new DraftText(new MemoryStore())
    putIn(draft, 'one\r\ntwo')
    draft.edit(`x${draft.shown}`)
    draft.edit(`${draft.shown}\nthree`)
    expect(draft.exact).toBe('xone\r\ntwo\nthree')
    draft.edit(draft.shown.slice(1))
    expect(draft.exact).toBe('one\r\ntwo\nthree')
  })

  it('deletes both halves of a CRLF together', () => {
    const draft = new DraftText(new MemoryStore())
    putIn(draft, 'a\r\nb')
    draft.edit('ab')
    expect(draft.exact).toBe('ab')
  })

  it('is there after a reload with its exact line ends, until it is cleared; a text that is too long or that does not fit is not', () => {
    const store = new MemoryStore(MAX_DRAFT_CHARACTERS)
    putIn(new DraftText(store), 'one\r\ntwo')
    const after = new DraftText(store)
    expect([after.exact, after.shown]).toEqual(['one\r\ntwo', 'one\ntwo'])
    after.edit('x'.repeat(MAX_DRAFT_CHARACTERS + 1))
    expect(new DraftText(store).exact).toBe('')
    after.edit('short')
    expect(new DraftText(store).exact).toBe('short')
    after.clear()
    expect([new DraftText(store).exact, store.length]).toEqual(['', 0])
    const full = new DraftText(new MemoryStore(1))
    full.edit('two')
    expect(full.exact).toBe('two')
  })

  it('uses the shown text when the insertion does not explain the change', () => {
    const draft = new DraftText(new MemoryStore())
    draft.edit('typed', { text: 'something\r\nelse', start: 0, end: 0 })
    expect(draft.exact).toBe('typed')
  })

  it('reports text that UTF-8 cannot encode', () => {
    const draft = new DraftText(new MemoryStore())
    draft.edit('\ud83d')
    expect(draft.isWellFormed).toBe(false)
    expect(draft.encode()).toEqual(new Uint8Array([0xef, 0xbf, 0xbd]))
    draft.edit('👋')
    expect(draft.isWellFormed).toBe(true)
  })

  it('keeps any pasted text exactly', () => {
    fc.assert(
      fc.property(lines, (text) => {
        const draft = new DraftText(new MemoryStore())
        putIn(draft, text)
        expect(draft.exact).toBe(text)
      }),
    )
  })

  it('always equals the shown text but for line ends, after any edits', () => {
    const edits = fc.array(fc.record({ text: lines, at: fc.nat(), length: fc.nat(6), explained: fc.boolean() }), { maxLength: 12 })
    fc.assert(
      fc.property(edits, (all) => {
        const draft = new DraftText(new MemoryStore())
        for (const { text, at, length, explained } of all) {
          const start = at % (draft.shown.length + 1)
          const end = Math.min(draft.shown.length, start + length)
          if (explained) putIn(draft, text, start, end)
          else draft.edit(draft.shown.slice(0, start) + asShown(text) + draft.shown.slice(end))
          expect(asShown(draft.exact)).toBe(draft.shown)
        }
      }),
    )
  })
})

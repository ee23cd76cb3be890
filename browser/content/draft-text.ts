/**
 * The exact text behind a text field. A field converts every line end to LF, so its value alone would change the bytes, and the hash, of
 * pasted text with CRLF. This class keeps the exact text beside the shown text, edit by edit, and over a reload. `app/home/composer.tsx` has the field.
 */

import { keepDraft, keptDraft, type SessionStore } from '../peer/tab-session.ts'

/** Text that was pasted or dropped, and the selection of the shown text that it replaced. */
export interface Insertion {
  text: string
  start: number
  end: number
}

const DRAFT = 'page'

export class DraftText {
  readonly #store: SessionStore
  #exact: string
  #shown: string

  /** Begins with the text that was in the field before a reload. */
  constructor(store: SessionStore) {
    this.#store = store
    this.#exact = keptDraft(store, DRAFT)
    this.#shown = showLineEnds(this.#exact)
  }

  get exact(): string {
    return this.#exact
  }

  /** The text as a field shows it: each CRLF, and each lone CR, is LF. */
  get shown(): string {
    return this.#shown
  }

  /** True when the field alone would have changed the text. */
  get hasCarriageReturns(): boolean {
    return this.#exact.includes('\r')
  }

  /** False when UTF-8 cannot encode the text: half of a surrogate pair becomes U+FFFD. */
  get isWellFormed(): boolean {
    return this.#exact.isWellFormed()
  }

  encode(): Uint8Array {
    return new TextEncoder().encode(this.#exact)
  }

  clear(): void {
    this.#set('', '')
  }

  /**
   * Updates the draft after the field has changed to `shown`. After a paste or drop, `insertion` is the inserted text: when it explains the
   * change, its line ends are kept. Any other change is located between the longest common beginning and the longest common end.
   */
  edit(shown: string, insertion?: Insertion): void {
    if (shown === this.#shown) return
    const before = this.#shown
    if (insertion && before.slice(0, insertion.start) + showLineEnds(insertion.text) + before.slice(insertion.end) === shown)
      return void this.#splice(insertion.start, insertion.end, insertion.text, shown)
    const longest = Math.min(before.length, shown.length)
    let start = 0
    while (start < longest && before[start] === shown[start]) start++
    let tail = 0
    while (tail < longest - start && before[before.length - 1 - tail] === shown[shown.length - 1 - tail]) tail++
    this.#splice(start, before.length - tail, shown.slice(start, shown.length - tail), shown)
  }

  #splice(start: number, end: number, text: string, shown: string): void {
    const [exactStart, exactEnd] = [exactOffset(this.#exact, start), exactOffset(this.#exact, end)]
    const exact = this.#exact.slice(0, exactStart) + text + this.#exact.slice(exactEnd)
    // A lone CR before a lone LF would become one line end: the shown text is right then.
    this.#set(showLineEnds(exact) === shown ? exact : shown, shown)
  }

  #set(exact: string, shown: string): void {
    this.#exact = exact
    this.#shown = shown
    keepDraft(this.#store, DRAFT, exact)
  }
}

/** @see https://html.spec.whatwg.org/multipage/form-elements.html#concept-textarea-api-value */
function showLineEnds(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

/** Maps an offset in the shown text to one in the exact text. */
function exactOffset(exact: string, shownOffset: number): number {
  let at = 0
  for (let shown = 0; shown < shownOffset; shown++) at += exact[at] === '\r' && exact[at + 1] === '\n' ? 2 : 1
  return at
}

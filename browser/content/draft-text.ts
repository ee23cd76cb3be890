/**
 * The exact text behind a text field. A field shows every line end as LF whatever was pasted, so its value alone would change the bytes of
 * text with CRLF (and their hash). This keeps what was given beside what is shown, edit by edit. The field itself is left to `app/composer.tsx`.
 */

/** What was put in, and where in the shown text: the start and end of the selection that it replaced. */
export interface Insertion {
  text: string
  start: number
  end: number
}

export class DraftText {
  #exact = ''
  #shown = ''

  /** The text as the author gave it. */
  get exact(): string {
    return this.#exact
  }

  /** The same as a field shows it: each CRLF, and each CR alone, as LF. */
  get shown(): string {
    return this.#shown
  }

  /** Whether the field could not have kept this text by itself. */
  get hasCarriageReturns(): boolean {
    return this.#exact.includes('\r')
  }

  /** Whether UTF-8 can carry the text; half of a surrogate pair becomes U+FFFD on the way to bytes. */
  get isWellFormed(): boolean {
    return this.#exact.isWellFormed()
  }

  /** The bytes of the page: UTF-8, nothing added, nothing changed. */
  encode(): Uint8Array {
    return new TextEncoder().encode(this.#exact)
  }

  clear(): void {
    this.#exact = ''
    this.#shown = ''
  }

  /**
   * The field now shows `shown`. When it came from a paste or a drop of text, `insertion` says what was put in; where that explains the
   * change, its line ends are kept. Any other change is taken to be between the longest equal beginning and the longest equal end.
   */
  edit(shown: string, insertion?: Insertion): void {
    if (shown === this.#shown) return
    const before = this.#shown
    if (insertion && before.slice(0, insertion.start) + showLineEnds(insertion.text) + before.slice(insertion.end) === shown) {
      this.#splice(insertion.start, insertion.end, insertion.text, shown)
      return
    }
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
    // A lone CR that comes to stand before a lone LF would join into one line end: then only what is shown can be meant.
    this.#exact = showLineEnds(exact) === shown ? exact : shown
    this.#shown = shown
  }
}

/** @see https://html.spec.whatwg.org/multipage/form-elements.html#concept-textarea-api-value */
function showLineEnds(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

/** The place in the exact text that a place in the shown text stands for. */
function exactOffset(exact: string, shownOffset: number): number {
  let at = 0
  for (let shown = 0; shown < shownOffset; shown++) at += exact[at] === '\r' && exact[at + 1] === '\n' ? 2 : 1
  return at
}

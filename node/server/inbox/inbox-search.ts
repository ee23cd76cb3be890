/** The words of a search in an inbox. Their text is never taken for the syntax of a query. */

import { isUtf8 } from 'node:buffer'

/** Words of one search; further ones are left out. */
const MAX_WORDS = 16
const MAX_WORD_LENGTH = 64
/** Characters that FTS5's tokenizer takes for a part of a word. @see https://www.sqlite.org/fts5.html#unicode61_tokenizer */
const WORD_CHARACTER = /[\p{L}\p{N}\p{Co}]/u

export function searchWords(text: string): string[] {
  return text
    .split(/\s+/)
    .filter((word) => WORD_CHARACTER.test(word))
    .slice(0, MAX_WORDS)
    .map((word) => Array.from(word).slice(0, MAX_WORD_LENGTH).join(''))
}

/** A word, or its beginning, as an FTS5 string. @see https://www.sqlite.org/fts5.html#fts5_strings */
export function matchOfWord(word: string): string {
  return `"${word.replaceAll('"', '""')}"*`
}

/** The text of a body that can be searched: all of it where it is UTF-8, whatever its media type; otherwise none. */
export function searchableText(body: Uint8Array): string {
  if (!isUtf8(body)) return ''
  // FTS5 reads a text up to its first zero.
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8').replaceAll('\0', ' ')
}

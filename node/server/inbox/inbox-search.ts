/** What is searched in an inbox: words, never the syntax of a query. */

import { isUtf8 } from 'node:buffer'

/** A search looks for so many words; further ones are left out. */
const MAX_WORDS = 16
const MAX_WORD_LENGTH = 64
/** What FTS5's tokenizer takes for a part of a word. @see https://www.sqlite.org/fts5.html#unicode61_tokenizer */
const WORD_CHARACTER = /[\p{L}\p{N}\p{Co}]/u

export function searchWords(text: string): string[] {
  return text
    .split(/\s+/)
    .filter((word) => WORD_CHARACTER.test(word))
    .slice(0, MAX_WORDS)
    .map((word) => Array.from(word).slice(0, MAX_WORD_LENGTH).join(''))
}

/** One word, or what it begins with, as an FTS5 string. @see https://www.sqlite.org/fts5.html#fts5_strings */
export function matchOfWord(word: string): string {
  return `"${word.replaceAll('"', '""')}"*`
}

/** What of a body can be found: all of it where it is UTF-8, whatever type its sender gave it; nothing else. */
export function searchableText(body: Uint8Array): string {
  if (!isUtf8(body)) return ''
  // FTS5 reads a text up to its first zero.
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8').replaceAll('\0', ' ')
}

/** Queries of an inbox as SQL, and the words of a search, whose text is never taken for the syntax of a query. */

import { isUtf8 } from 'node:buffer'
import type { SQLInputValue } from 'node:sqlite'
import type { InboxQuery } from '../../index.ts'

/** Words of one search; further ones are left out. */
const MAX_WORDS = 16
const MAX_WORD_LENGTH = 64
/** Characters that FTS5's tokenizer takes for a part of a word. @see https://www.sqlite.org/fts5.html#unicode61_tokenizer */
const WORD_CHARACTER = /[\p{L}\p{N}\p{Co}]/u

/** Scripts that are written without spaces between words, and Hangul, whose words are joined with others. */
const UNSPACED_SCRIPTS = ['Hani', 'Hira', 'Kana', 'Bopo', 'Hang', 'Thai', 'Laoo', 'Khmr', 'Mymr']
/** Text of these scripts, but not the accents that they share with Latin. */
const UNSPACED_TEXT = new RegExp(`[[${UNSPACED_SCRIPTS.map((script) => `\\p{scx=${script}}`).join('')}]--[\\u0300-\\u036f]]+`, 'gv')
/** To FTS5, their vowel and tone marks separate words; characters for private use, which stand for them, are letters. */
const FIRST_PRIVATE = 0xe000
const PRIVATE_CHARACTERS = 0x1900

/**
 * The form in which text is indexed and searched: each character of a script without spaces is a word of its own, and a search for several of
 * them is one for that phrase. So any part of such a text is found, a single character, too.
 */
function searchForm(text: string): string {
  return text.normalize('NFKC').replace(UNSPACED_TEXT, (unspaced) => {
    return ` ${Array.from(unspaced).join(' ')} `.replace(/\p{M}/gu, (mark) =>
      String.fromCodePoint(FIRST_PRIVATE + ((mark.codePointAt(0) ?? 0) % PRIVATE_CHARACTERS)),
    )
  })
}

function searchWords(text: string): string[] {
  return text
    .split(/\s+/)
    .filter((word) => WORD_CHARACTER.test(word))
    .slice(0, MAX_WORDS)
    .map((word) => Array.from(word).slice(0, MAX_WORD_LENGTH).join(''))
}

/** A word, or its beginning, as an FTS5 string. @see https://www.sqlite.org/fts5.html#fts5_strings */
function matchOfWord(word: string): string {
  return `"${searchForm(word).replaceAll('"', '""')}"*`
}

/** The text of a body that can be searched: all of it where it is UTF-8, whatever its media type; otherwise none. */
function textOf(body: Uint8Array): string {
  if (!isUtf8(body)) return ''
  // FTS5 reads a text up to its first zero.
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8').replaceAll('\0', ' ')
}

/** The text of a body as it is indexed. */
export function searchableText(body: Uint8Array): string {
  return searchForm(textOf(body))
}

/** True when mayfly up to 0.4 indexed the same of the body: its words between spaces. */
export function isIndexedAlike(body: Uint8Array): boolean {
  const text = textOf(body)
  return searchForm(text) === text
}

/**
 * Selects the sequences of the messages that the query asks for. Undefined when there can be none.
 *
 * @param hashnamesNamed the senders with that word in their name
 */
export function sequencesStatement(query: InboxQuery, hashnamesNamed: (word: string) => string[]) {
  const { end, after, before, sinceMs, search, limit, first } = query
  const conditions: string[] = []
  const values: SQLInputValue[] = []
  const where = (condition: string, ...inputs: SQLInputValue[]) => {
    conditions.push(condition)
    values.push(...inputs)
  }
  if (end !== undefined) where('end_text = ?', end)
  if (after !== undefined) where('sequence > ?', after)
  if (before !== undefined) where('sequence < ?', before)
  if (sinceMs !== undefined) where('stored_at_ms >= ?', sinceMs)
  if (search !== undefined && search.trim() !== '') {
    const words = searchWords(search)
    if (words.length === 0) return undefined
    for (const word of words) {
      const inText = 'sequence IN (SELECT rowid FROM words WHERE words MATCH ?)'
      where(`(${inText} OR sender IN (SELECT value FROM json_each(?)))`, matchOfWord(word), JSON.stringify(hashnamesNamed(word)))
    }
  }
  const condition = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const order = first === 'newest' ? 'DESC' : 'ASC'
  return { sql: `SELECT sequence FROM messages ${condition} ORDER BY sequence ${order} LIMIT ?`, values: [...values, limit] }
}

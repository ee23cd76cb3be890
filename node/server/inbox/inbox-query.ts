/** An inbox query as SQL. */

import type { SQLInputValue } from 'node:sqlite'
import type { InboxQuery } from '../../index.ts'
import { matchOfWord, searchWords } from './inbox-search.ts'

export interface SqlQuery {
  sql: string
  values: SQLInputValue[]
}

/**
 * Selects the sequences of the messages that the query asks for. Undefined when there can be none.
 *
 * @param hashnamesNamed the senders with that word in their name
 */
export function sequencesStatement(query: InboxQuery, hashnamesNamed: (word: string) => string[]): SqlQuery | undefined {
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

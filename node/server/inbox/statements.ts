/** Prepared statements of one database, each prepared once. */

import type { DatabaseSync, StatementSync } from 'node:sqlite'

export type Statements = (sql: string) => StatementSync

export function createStatements(database: DatabaseSync): Statements {
  /** By their SQL. Bounded: an inbox query has few conditions, and a search has a limited number of words. */
  const statements = new Map<string, StatementSync>()
  return (sql) => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = database.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
}

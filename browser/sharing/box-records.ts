/** The drop boxes of this browser, in IndexedDB: their secrets, and what they know of submissions. */

import type { DropTerms } from '../../node/index.ts'
import { answerOf, openDatabase } from '../peer/database.ts'

export interface BoxRow {
  /** 52 base32 characters. */
  id: string
  terms: DropTerms
  /** Its owner is asked for each submission. */
  asks: boolean
  snapshot: Uint8Array
}

const ROWS = 'boxes'

export type BoxRecords = Awaited<ReturnType<typeof openBoxRecords>>

/** @throws DOMException, when the browser gives this page no storage */
export async function openBoxRecords(name = 'mayfly-boxes') {
  const database = await openDatabase({
    name,
    version: 1,
    upgrade: (created) => void created.createObjectStore(ROWS, { keyPath: 'id' }),
  })
  return {
    list: () => database.read([ROWS], (rows) => answerOf<BoxRow[]>(rows.getAll())),
    put: (row: BoxRow) => database.change([ROWS], async (rows) => void (await answerOf(rows.put(row)))),
    remove: (id: string) => database.change([ROWS], async (rows) => void (await answerOf(rows.delete(id)))),
  }
}

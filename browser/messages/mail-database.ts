/** The database of the mailbox: its stores and their migration. The modules that use a store define its rows. */

import { announceChanges, type ChangeChannel } from '../peer/change-channel.ts'
import { answerOf, type Database, openDatabase } from '../peer/database.ts'
import type { InboxRow } from './inbox-row.ts'
import { createUsageStore, SenderUsage } from './sender-usage.ts'

export interface MailDatabase extends Database {
  /** Changes by any tab of this origin. */
  readonly changes: ChangeChannel
}

const NAME = 'mayfly-messages'

/** @throws DOMException, when the browser gives this page no storage */
export async function openMailDatabase(): Promise<MailDatabase> {
  const database = await openDatabase({
    name: NAME,
    version: 3,
    async upgrade(created, transaction, from) {
      created.createObjectStore('largeBytes')
      if (from === 2) return
      if (from === 1) return addUsage(created, transaction)
      created.createObjectStore('inbox', { keyPath: 'sequence', autoIncrement: true }).createIndex('from', 'from')
      created.createObjectStore('known', { keyPath: 'id' }).createIndex('expires', 'expiresAtMs')
      created.createObjectStore('ends', { keyPath: 'end' })
      created.createObjectStore('senders', { keyPath: 'hashname' })
      created.createObjectStore('sent', { keyPath: 'id' }).createIndex('sentAt', 'sentAtMs')
      created.createObjectStore('facts')
      addSecondVersion(created)
    },
  })
  const changes = announceChanges(NAME)
  return {
    read: database.read,
    async change(stores, work) {
      const result = await database.change(stores, work)
      changes.announce()
      return result
    },
    close() {
      changes.close()
      database.close()
    },
    changes,
  }
}

function addSecondVersion(database: IDBDatabase): void {
  createUsageStore(database)
  database.createObjectStore('large', { keyPath: 'hash' })
}

/** Migrates a database of the first version, which had no usage per sender. */
async function addUsage(database: IDBDatabase, transaction: IDBTransaction): Promise<void> {
  const inbox = transaction.objectStore('inbox')
  inbox.createIndex('from', 'from')
  addSecondVersion(database)
  const usage = new SenderUsage(transaction)
  const rows: InboxRow[] = await answerOf(inbox.getAll())
  for (const row of rows) await usage.add(row)
}

/** The database of what this origin receives: its tables, and which of them each part uses. */

import { announceChanges, type ChangeChannel } from '../change-channel.ts'
import { type Database, openDatabase } from '../database.ts'

export interface MailDatabase extends Database {
  /** Of every tab of this origin. */
  readonly changes: ChangeChannel
}

const NAME = 'mayfly-messages'

/** @throws DOMException, when the browser gives this page no storage */
export async function openMailDatabase(): Promise<MailDatabase> {
  const database = await openDatabase({
    name: NAME,
    version: 1,
    upgrade(created) {
      created.createObjectStore('inbox', { keyPath: 'sequence', autoIncrement: true })
      created.createObjectStore('known', { keyPath: 'id' }).createIndex('expires', 'expiresAtMs')
      created.createObjectStore('ends', { keyPath: 'end' })
      created.createObjectStore('senders', { keyPath: 'hashname' })
      created.createObjectStore('facts')
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

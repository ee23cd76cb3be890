/** The store of an account in this browser: records in IndexedDB, which all tabs of the origin share, and keys that no script can read. */

import { type AccountStore, checkAccountRecord, MayflyError } from '../../node/index.ts'
import { isStillPlace, KEYS, openKeys } from './account-keys.ts'
import { announceChanges } from './change-channel.ts'
import { answerOf, type Database, openDatabase } from './database.ts'
import { hasWebCrypto } from './web-crypto.ts'

const RECORDS = 'records'

export interface AccountRecordsOptions {
  /** Name of the database, for a page that has several. Default: 'mayfly-account'. */
  name?: string
}

/**
 * Opens the store, and makes the keys of this place where there are none. Both keys have been read back, and have worked.
 *
 * @throws {MayflyError} ERR_NO_CRYPTO: by plain http from another machine; ERR_NOT_STORED: the browser gives this page no storage, or keeps no
 *   keys. A guest's account is possible all the same
 */
export async function openAccountRecords({ name = 'mayfly-account' }: AccountRecordsOptions = {}): Promise<AccountStore> {
  if (!hasWebCrypto()) {
    const reason = 'this page came by plain http from another machine, where browsers encrypt nothing'
    throw new MayflyError('ERR_NO_CRYPTO', `An account cannot be kept here: ${reason}. Open it by https, or use an account as a guest`)
  }
  const database = await open(name)
  try {
    // One tab at a time makes the keys.
    const { place, seal, unseal } = await navigator.locks.request(name, () => openKeys(database))
    return { isKept: true, place, seal, unseal, ...recordsOf(database, name, place.publicKey) }
  } catch (error) {
    database.close()
    throw explain(error)
  }
}

async function open(name: string): Promise<Database> {
  try {
    return await openDatabase({
      name,
      version: 1,
      upgrade(created) {
        created.createObjectStore(RECORDS)
        created.createObjectStore(KEYS)
      },
    })
  } catch (error) {
    throw explain(error)
  }
}

/** @param place public key of this place: another tab that clears the store, and makes another place, ends the changes of this one */
function recordsOf(database: Database, name: string, place: Uint8Array) {
  const changes = announceChanges<string>(name)
  function close(): void {
    changes.close()
    database.close()
  }
  return {
    async load(record: string) {
      checkAccountRecord(record)
      try {
        return await database.read([RECORDS], (records) => answerOf<Uint8Array | undefined>(records.get(record)))
      } catch (error) {
        throw explain(error)
      }
    },
    async change(record: string, update: (before: Uint8Array | undefined) => Uint8Array | undefined) {
      checkAccountRecord(record)
      let isChanged = false
      const bytes = await database
        .change([RECORDS, KEYS], async (records, keys) => {
          if (!(await isStillPlace(keys, place))) throw new MayflyError('ERR_NOT_STORED', 'The account was forgotten in this browser')
          const before: Uint8Array | undefined = await answerOf(records.get(record))
          const changed = update(before?.slice())
          if (changed === undefined) return before
          checkAccountRecord(record, changed)
          isChanged = true
          await answerOf(records.put(new Uint8Array(changed), record))
          return changed
        })
        .catch((error) => {
          throw explain(error)
        })
      if (isChanged) changes.announce(record)
      return bytes
    },
    onChange: changes.onChange,
    async clear() {
      const names = await database.change([RECORDS, KEYS], async (records, keys) => {
        const cleared = await answerOf(records.getAllKeys())
        await answerOf(records.clear())
        await answerOf(keys.clear())
        return cleared
      })
      for (const record of names) changes.announce(String(record))
      close()
    },
    close: async () => close(),
  }
}

/** A failure of the browser's storage in words; other errors as they are. */
function explain(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error
  const isFull = error.name === 'QuotaExceededError'
  const reason = isFull
    ? "the browser's storage for this site is full"
    : `the browser gives this page no storage (${error.message || error.name})`
  return new MayflyError('ERR_NOT_STORED', `Cannot use the account in this browser: ${reason}. What was stored stays`, { cause: error })
}

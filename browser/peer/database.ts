/**
 * One IndexedDB database of this origin, as a promise: each change is one transaction, and is on the disk when it resolves. What is in
 * it is the business of who opens it.
 *
 * @see https://w3c.github.io/IndexedDB/
 */

export interface DatabaseShape {
  name: string
  /** A database of a lower version, or none (0), is brought to it by `upgrade`, which waits for requests of the transaction and nothing else. */
  version: number
  upgrade(database: IDBDatabase, transaction: IDBTransaction, from: number): void | Promise<void>
}

export interface Database {
  /** Reads from these object stores, all as they are at one moment. `work` waits for requests of the transaction and nothing else. */
  read<T>(stores: string[], work: (transaction: IDBTransaction) => Promise<T>): Promise<T>
  /**
   * Resolves once what `work` did is on the disk, all of it; nothing of it is done when it rejects.
   *
   * @throws DOMException, for instance QuotaExceededError
   */
  change<T>(stores: string[], work: (transaction: IDBTransaction) => Promise<T>): Promise<T>
  close(): void
}

/** @throws DOMException, when the browser gives this page no storage */
export async function openDatabase({ name, version, upgrade }: DatabaseShape, factory: IDBFactory = indexedDB): Promise<Database> {
  const opening = factory.open(name, version)
  opening.onupgradeneeded = ({ oldVersion }) => {
    const { transaction } = opening
    if (transaction !== null) void Promise.resolve(upgrade(opening.result, transaction, oldVersion)).catch(() => giveUp(transaction))
  }
  const database = await answerOf(opening)
  database.onversionchange = () => database.close() // a newer page waits for it

  async function run<T>(stores: string[], mode: IDBTransactionMode, work: (transaction: IDBTransaction) => Promise<T>): Promise<T> {
    const transaction = database.transaction(stores, mode, { durability: 'strict' })
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error ?? new DOMException('The transaction was given up', 'AbortError'))
    })
    ended.catch(() => {}) // told by what failed first
    try {
      const result = await work(transaction)
      await ended
      return result
    } catch (error) {
      giveUp(transaction)
      throw error
    }
  }

  return {
    read: (stores, work) => run(stores, 'readonly', work),
    change: (stores, work) => run(stores, 'readwrite', work),
    close: () => database.close(),
  }
}

/** What a request answers. @throws DOMException */
export function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new DOMException('The request failed', 'UnknownError'))
  })
}

/** Each row that a cursor comes to, while `visit` does not answer false. `visit` waits for nothing. */
export function eachRow<C extends IDBCursor>(request: IDBRequest<C | null>, visit: (cursor: C) => boolean | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(request.error ?? new DOMException('The request failed', 'UnknownError'))
    request.onsuccess = () => {
      const cursor = request.result
      if (cursor === null || visit(cursor) === false) return resolve()
      cursor.continue()
    }
  })
}

function giveUp(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch {
    // It has ended by itself.
  }
}

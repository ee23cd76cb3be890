/**
 * An IndexedDB database of this origin with promises. Each change is one transaction, and is on the disk when its promise resolves. The
 * modules that open a database define its stores.
 *
 * @see https://w3c.github.io/IndexedDB/
 */

interface DatabaseShape {
  name: string
  /** `upgrade` migrates a database of a lower version (0: a new one). It awaits requests of the transaction, and nothing else. */
  version: number
  upgrade(database: IDBDatabase, transaction: IDBTransaction, from: number): void | Promise<void>
}

/** `work` gets the named object stores. It awaits requests of their transaction, and nothing else. */
type InStores = <T, const N extends readonly string[]>(names: N, work: (...stores: Stores<N>) => Promise<T>) => Promise<T>
type Stores<N extends readonly string[]> = { [I in keyof N]: IDBObjectStore }

export interface Database {
  /** A consistent snapshot of these object stores. */
  read: InStores
  /**
   * Atomic and durable: resolves when all that `work` did is on the disk, and rejects when none of it is.
   *
   * @throws DOMException, for instance QuotaExceededError
   */
  change: InStores
  close(): void
}

/** How long a browser may take to open a database, in ms. WebKitGTK (2.50) sometimes never does, where a page was left while it opened one. */
const OPEN_MS = 10_000

/** @throws DOMException, when the browser gives this page no storage, or does not open it in time */
export async function openDatabase(
  { name, version, upgrade }: DatabaseShape,
  { factory = indexedDB, openMs = OPEN_MS }: { factory?: Pick<IDBFactory, 'open'>; openMs?: number } = {},
): Promise<Database> {
  const opening = factory.open(name, version)
  opening.onupgradeneeded = ({ oldVersion }) => {
    const { transaction } = opening
    if (transaction === null) return
    endWithPage(transaction)
    void Promise.resolve(upgrade(opening.result, transaction, oldVersion)).catch(() => giveUp(transaction))
  }
  const database = await inTime(answerOf(opening), openMs)
  database.onversionchange = () => database.close() // a page with a newer version waits for that

  async function run<T, const N extends readonly string[]>(mode: IDBTransactionMode, names: N, work: (...stores: Stores<N>) => Promise<T>) {
    const transaction = database.transaction([...names], mode, { durability: 'strict' })
    endWithPage(transaction)
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error ?? new DOMException('The transaction was given up', 'AbortError'))
    })
    ended.catch(() => {}) // the first failure is the one that is thrown
    try {
      const result = await work(...(names.map((name) => transaction.objectStore(name)) as Stores<N>))
      await ended
      return result
    } catch (error) {
      giveUp(transaction)
      throw error
    }
  }

  return {
    read: (names, work) => run('readonly', names, work),
    change: (names, work) => run('readwrite', names, work),
    close: () => database.close(),
  }
}

/** The result of a request. @throws DOMException */
export function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new DOMException('The request failed', 'UnknownError'))
  })
}

/** Calls `visit` with each row of a cursor, until it returns false. `visit` is synchronous. */
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

/** A database that opens later is closed at once. */
function inTime(opening: Promise<IDBDatabase>, openMs: number): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      reject(new DOMException(`The browser has not opened its storage within ${openMs} ms`, 'TimeoutError'))
    }, openMs)
    opening.then((database) => (isLate ? database.close() : resolve(database)), reject).finally(() => clearTimeout(timer))
  })
}

/**
 * Ends with the page that is left, when the browser keeps that page for the way back: in WebKit (2.50) the next page would wait for the
 * transaction for ever.
 */
function endWithPage(transaction: IDBTransaction): void {
  const leave = ({ persisted }: PageTransitionEvent) => {
    if (persisted) giveUp(transaction)
  }
  addEventListener('pagehide', leave)
  const ended = () => removeEventListener('pagehide', leave)
  transaction.addEventListener('complete', ended)
  transaction.addEventListener('abort', ended)
}

function giveUp(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch {
    // It has ended already.
  }
}

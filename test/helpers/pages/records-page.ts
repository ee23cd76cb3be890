/** Functions that `test/pages/records.test.ts` calls in a page: the tab's databases, which only a browser has. */

import type { EndSettings } from '../../../browser/messages/end-settings.ts'
import { InboxRecords, type InboxRecordsOptions } from '../../../browser/messages/inbox-records.ts'
import type { InboxRow } from '../../../browser/messages/inbox-row.ts'
import { LargeBodies, type LargeBodiesOptions } from '../../../browser/messages/large-bodies.ts'
import { openMailDatabase } from '../../../browser/messages/mail-database.ts'
import { ReceiverRecords, TooMany } from '../../../browser/messages/receiver-records.ts'
import { answerOf, openDatabase } from '../../../browser/peer/database.ts'
import { openOutboxRecords } from '../../../browser/peer/outbox-records.ts'
import { type ContentSource, encodeKeyHex, type Kept, type OutboxEntry, sha256 } from '../../../node/index.ts'
import { entryOf, OUTBOX_STORE_CASES, OUTCOMES } from '../outbox-store-suite.ts'

export interface GivenMessage {
  id: string
  /** A hashname, in this test. */
  from?: string
  size?: number
  expiresAtMs?: number
}

export interface InboxState {
  /** The results of each batch, in order. */
  kept: Kept[][]
  /** Ids, the newest first. */
  list: string[]
  counts: { messages: number; unread: number }
}

/** Entries of the outbox at a time, by the number of the body; undefined: no longer there. */
export interface GivenOutbox {
  nowMs: number
  entries: (Partial<OutboxEntry> | undefined)[]
}

let places = 0

export const recordsPage = {
  /** Throws when the promise is broken. */
  async runOutboxCase(name: string): Promise<void> {
    const found = OUTBOX_STORE_CASES.find((each) => each.name === name)
    let place = ''
    const open = () => openOutboxRecords({ name: place })
    await found?.run({
      create: () => {
        place = `case-${Date.now()}-${places++}`
        return open()
      },
      reopen: open,
      share: open,
    })
  },

  async putOutbox(): Promise<void> {
    const outbox = await openOutboxRecords()
    for (const [i, outcome] of OUTCOMES.entries()) await outbox.put(entryOf(i, { outcome, isDone: i > 2 }))
  },

  async readOutbox(): Promise<{ list: string[]; states: (string | undefined)[]; waiting: number }> {
    const outbox = await openOutboxRecords()
    const list = await outbox.list(100)
    return {
      list: list.map(({ end }) => end),
      states: list.map(({ outcome }) => outcome?.state),
      waiting: (await outbox.waiting(100)).length,
    }
  },

  async outboxHearsOthers(): Promise<boolean> {
    const [one, other] = [await openOutboxRecords({ name: 'heard' }), await openOutboxRecords({ name: 'heard' })]
    const heard = new Promise<boolean>((resolve) => other.onChange(() => resolve(true)))
    await one.put(entryOf(1))
    const timeout = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 10_000))
    return Promise.race([heard, timeout])
  },

  async publicKeysKept(maxPublicKeys: number, put: number): Promise<number[]> {
    const outbox = await openOutboxRecords({ name: 'public-keys', maxPublicKeys })
    const keyOf = (byte: number) => new Uint8Array(32).fill(byte)
    for (let byte = 0; byte < put; byte++) {
      await outbox.putPublicKey(keyOf(byte), keyOf(byte))
      const before = Date.now()
      while (Date.now() === before) await Promise.resolve() // each has a time of its own
    }
    const found: number[] = []
    for (let byte = 0; byte < put; byte++) if (await outbox.publicKey(keyOf(byte))) found.push(byte)
    return found
  },

  /** Stores the batches at that time, and returns the list. The database persists from call to call. */
  async keep(batches: GivenMessage[][], options: InboxRecordsOptions & { nowMs?: number } = {}): Promise<InboxState> {
    const { nowMs = 1_000_000, ...limits } = options
    const database = await openMailDatabase()
    const inbox = new InboxRecords(database, { ...limits, now: () => nowMs })
    const kept = []
    for (const batch of batches) kept.push((await inbox.keep(batch.map(arrived))).kept)
    const state = { kept, list: (await inbox.list(1_000)).map(({ id }) => id), counts: await inbox.count() }
    database.close()
    return state
  },

  async name(from: string, name: string): Promise<void> {
    const database = await openMailDatabase()
    await new ReceiverRecords(database).setSender(from, { name })
    database.close()
  },

  /** One of the senders is refused; messages stored before are not. */
  async keepRefusing(batch: GivenMessage[], refused: string): Promise<Kept[]> {
    const database = await openMailDatabase()
    const inbox = new InboxRecords(database, { now: () => 1_000_000 })
    const { kept } = await inbox.keep(batch.map(arrived), ({ from }) => (from === refused ? 'muted' : undefined))
    database.close()
    return kept
  },

  /** A mailbox of the first version, with these messages. */
  async makeFirstVersion(messages: GivenMessage[]): Promise<void> {
    const database = await openDatabase({
      name: 'mayfly-messages',
      version: 1,
      upgrade(created) {
        created.createObjectStore('inbox', { keyPath: 'sequence', autoIncrement: true })
        created.createObjectStore('known', { keyPath: 'id' }).createIndex('expires', 'expiresAtMs')
        created.createObjectStore('ends', { keyPath: 'end' })
        created.createObjectStore('senders', { keyPath: 'hashname' })
        created.createObjectStore('sent', { keyPath: 'id' }).createIndex('sentAt', 'sentAtMs')
        created.createObjectStore('facts')
      },
    })
    await database.change(['inbox', 'known', 'ends', 'facts'], async (inbox, known, ends, facts) => {
      for (const message of messages) {
        const { expiresAtMs, ...row } = arrived(message)
        inbox.add({ ...row, storedAtMs: 1 })
        known.add({ id: row.id, expiresAtMs })
      }
      ends.add({ end: '#old' })
      await answerOf(facts.put(510 * messages.length, 'bytes'))
    })
    database.close()
  },

  /** Leaves the page, as the browser tells it, while a change is made. @returns what became of that change, and how many rows a later one finds */
  async leaveWhileChanging({ persisted }: { persisted: boolean }): Promise<{ outcome: string; rows: number }> {
    const database = await openDatabase({ name: 'left', version: 1, upgrade: (created) => void created.createObjectStore('rows') })
    const changing = database.change(['rows'], async (rows) => {
      await answerOf(rows.put('first', 1))
      dispatchEvent(new PageTransitionEvent('pagehide', { persisted }))
      await answerOf(rows.put('second', 2))
    })
    const outcome = await changing.then(
      () => 'done',
      (error: DOMException) => error.name,
    )
    const rows = await database.change(['rows'], (found) => answerOf(found.count()))
    database.close()
    return { outcome, rows }
  },

  async ends(): Promise<EndSettings[]> {
    const database = await openMailDatabase()
    const ends = await new ReceiverRecords(database).ends()
    database.close()
    return ends
  },

  /** The same messages through two connections at once. */
  async keepTwice(count: number): Promise<{ added: number; list: number }> {
    const batch = Array.from({ length: count }, (_, i) => arrived({ id: `twice-${i}`, expiresAtMs: Date.now() + 60_000 }))
    const databases = [await openMailDatabase(), await openMailDatabase()]
    const inboxes = databases.map((database) => new InboxRecords(database))
    const results = await Promise.all(batch.flatMap((message) => inboxes.map((inbox) => inbox.keep([message]))))
    const list = (await inboxes[0]?.list(1_000))?.length ?? 0
    for (const database of databases) database.close()
    return { added: results.flatMap(({ added }) => added).length, list }
  },

  /** With a database that was closed. */
  async keepNowhere(): Promise<Kept[]> {
    const database = await openMailDatabase()
    database.close()
    return (await new InboxRecords(database).keep([arrived({ id: 'a' }), arrived({ id: 'b' })])).kept
  },

  async markRead(id: string): Promise<{ unread: number }> {
    const database = await openMailDatabase()
    const inbox = new InboxRecords(database)
    const row = (await inbox.list(1_000)).find((each) => each.id === id) as InboxRow
    await inbox.markRead(row.sequence)
    await inbox.markRead(row.sequence - 1) // read messages stay read
    const counts = await inbox.count()
    database.close()
    return counts
  },

  async remove(id: string): Promise<void> {
    const database = await openMailDatabase()
    const inbox = new InboxRecords(database)
    const row = (await inbox.list(1_000)).find((each) => each.id === id)
    if (row) await inbox.remove(row.sequence)
    database.close()
  },

  /**
   * Bodies of so many bytes each, held and sent one after the other; then the tab is opened anew at each of the times, in ms, as the outbox is
   * then. Resolves with the numbers of the bodies that it holds.
   */
  async largeBodies(sizes: number[], outboxes: GivenOutbox[], limits: { maxBodies?: number; maxBytes?: number } = {}) {
    const database = await openMailDatabase()
    const numbers = new Map<string, number>()
    const open = (entries: GivenOutbox['entries'], nowMs: number) => {
      const held = new Set<string>()
      const content: LargeBodiesOptions['content'] = {
        async hold(given: Uint8Array | ContentSource) {
          const bytes = given instanceof Uint8Array ? given : await given.read(0, given.size)
          const key = await sha256(bytes)
          held.add(encodeKeyHex(key))
          return { key, size: bytes.byteLength }
        },
        release: async (key) => held.delete(encodeKeyHex(key)),
      }
      const outbox = {
        async get([number = 0]: Uint8Array) {
          const found = entries[number]
          return found && entryOf(number, found)
        },
      }
      return { held, bodies: new LargeBodies({ database, content, outbox, now: () => nowMs, ...limits }) }
    }
    const first = open([], 0)
    const refused: number[] = []
    for (const [number, size] of sizes.entries()) {
      try {
        const { hash, link } = await first.bodies.hold(new Uint8Array(size).fill(number), false, 'text/plain')
        if (link !== `/${hash}`) throw new Error(`the link is ${link}`)
        numbers.set(hash, number)
        if (outboxes[0]?.entries[number]) await first.bodies.sent(hash, Uint8Array.of(number))
      } catch (error) {
        if (!(error instanceof TooMany)) throw error
        refused.push(number)
      }
    }
    const found = []
    for (const { entries, nowMs } of outboxes) {
      const { held, bodies } = open(entries, nowMs)
      await bodies.follow(false)
      const asOther = held.size
      await bodies.follow(true)
      found.push({ asOther, held: [...held].map((hash) => numbers.get(hash)).toSorted() })
    }
    await first.bodies.follow(false)
    database.close()
    return { refused, found, firstHolds: first.held.size }
  },

  /** The secret as several tabs ask for it at once, hex. */
  async secrets(count: number): Promise<string[]> {
    const database = await openMailDatabase()
    const receiver = new ReceiverRecords(database)
    const create = () => crypto.getRandomValues(new Uint8Array(32))
    const secrets = await Promise.all(Array.from({ length: count }, () => receiver.ownSecret(create())))
    database.close()
    return secrets.map(encodeKeyHex)
  },
}

function arrived({ id, from = 'a'.repeat(52), size = 10, expiresAtMs = 2_000_000 }: GivenMessage) {
  const body = new Uint8Array(size)
  return { id, end: '#wall', from, sentAtMs: 1, expiresAtMs, isSealed: false, type: 'text/plain', fields: {}, body }
}

declare global {
  interface Window {
    recordsPage?: typeof recordsPage
  }
}

window.recordsPage = recordsPage

/**
 * The contacts book of an account: whom it trusts, under which alias, and whom it has removed or blocked. Durable, the same for all tabs that share
 * the store, and merged with the books of the account's other places.
 */

import { bytesToHex } from '@noble/hashes/utils.js'
import { decode, encode } from 'cborg'
import { createEmitter } from '../../async/emitter.ts'
import { createPusher } from '../../async/pusher.ts'
import { MayflyError } from '../../errors.ts'
import { equalBytes, sha256AtOnce } from '../../keys/index.ts'
import { keyIdOf } from '../format/account-key.ts'
import { cleanAlias, freeAlias } from '../format/alias.ts'
import { type ContactEntry, decodeContactEntry, encodeContactEntry, mergeContacts } from '../format/contact-entry.ts'
import type { Contact } from '../types.ts'
import type { RecordStore } from './record-store.ts'

export const BOOK_LIMITS = {
  /** Contacts, blocked ones among them. */
  maxContacts: 4_096,
  /** Removed contacts that are remembered, so that another place does not bring them back; the newest ones. */
  maxRemoved: 2_048,
} as const

/** A contact shows a statement on each link; one that is younger than this is not replaced, so that links write nothing. */
const TRUST_REFRESH_MS = 86_400_000
/**
 * Between two writes of such statements, in ms: the whole book is written each time, and who goes online is shown one by each contact. One that is
 * lost meanwhile is shown again on the next link.
 */
const TRUST_EVERY_MS = 2_000

const RECORD = 'contacts'

/** Hex of the public key → its entry. Bounded: BOOK_LIMITS. */
type Entries = Map<string, ContactEntry>

export type ContactsBook = Awaited<ReturnType<typeof openContactsBook>>

/** @throws {MayflyError} ERR_DAMAGED, for a stored record that is no book */
export async function openContactsBook({ store, now }: { store: RecordStore; now(): number }) {
  let taken = await store.load(RECORD)
  let entries = decodeEntries(taken)
  let digest: Uint8Array | undefined
  const changes = createEmitter<void>()
  /** Another tab may have changed the record. */
  const endListening = store.onChange((name) => {
    if (name === RECORD) store.load(RECORD).then(take, () => {})
  })

  function take(bytes: Uint8Array | undefined): void {
    if (bytes === taken || (bytes !== undefined && taken !== undefined && equalBytes(bytes, taken))) return
    const stored = decodeEntries(bytes)
    taken = bytes
    const before = digestOfBook()
    entries = stored
    digest = undefined
    if (!equalBytes(before, digestOfBook())) changes.emit()
  }

  function digestOfBook(): Uint8Array {
    digest ??= digestOf(entries)
    return digest
  }

  /** Changes what is stored, which another tab may have changed meanwhile. */
  async function update(change: (stored: Entries) => void): Promise<void> {
    take(await store.change(RECORD, (before) => changeBook(before, change)))
  }

  const shown = createShownTrust((statements) => update((stored) => keepShown(stored, statements)))

  const live = () => [...entries.values()].filter(({ state }) => state !== 'removed')
  const entryOf = (account: Uint8Array) => entries.get(bytesToHex(account))
  const isTaken = (alias: string, hex: string) =>
    live().some((other) => bytesToHex(other.account) !== hex && other.alias.toLowerCase() === alias.toLowerCase())

  /** A time after all changes of the contact that are known here, whatever the clocks of the places that made them said. */
  const nextChangeMs = (entry: ContactEntry | undefined) => Math.max(now(), (entry?.changedAtMs ?? -1) + 1)

  /**
   * Trusts an account, as agreed at that time. The same agreement may be added again; a removal since then stays.
   *
   * @param trust their statement that they trust this account; empty when there is none
   * @returns the entry, with its alias: another contact that has the wanted one keeps it, and this one gets a number
   * @throws {MayflyError} ERR_BAD_OPTION (no alias), ERR_NOT_STORED
   */
  async function add(
    account: Uint8Array,
    { alias, trust, atMs, changedAtMs = atMs }: { alias: string; trust: Uint8Array; atMs: number; changedAtMs?: number },
  ): Promise<ContactEntry> {
    const hex = bytesToHex(account)
    const wanted = freeAlias(cleanAlias(alias), (candidate) => isTaken(candidate, hex))
    const trustAtMs = trust.byteLength === 0 ? 0 : atMs
    const fresh: ContactEntry = { account, alias: wanted, state: 'trusted', addedAtMs: atMs, changedAtMs, trust, trustAtMs }
    await update((stored) => {
      const known = stored.get(hex)
      stored.set(hex, known === undefined ? fresh : mergeContacts(known, fresh))
    })
    return entryOf(account) ?? fresh
  }

  /** @throws {MayflyError} ERR_NOBODY, when there is no such contact */
  async function changeContact(id: string, change: Partial<ContactEntry>): Promise<void> {
    const known = live().find(({ account }) => keyIdOf(account) === id)
    if (known === undefined) throw new MayflyError('ERR_NOBODY', `No contact has the account ${JSON.stringify(id.slice(0, 60))}`)
    const hex = bytesToHex(known.account)
    await update((stored) => {
      const entry = stored.get(hex) ?? known
      stored.set(hex, { ...entry, ...change, changedAtMs: nextChangeMs(entry) })
    })
  }

  return {
    /** Contacts, blocked ones among them. */
    list: (): Contact[] =>
      live().map(({ account, alias, state, addedAtMs }) => ({
        account: keyIdOf(account),
        alias,
        state: state === 'blocked' ? 'blocked' : 'trusted',
        addedAtMs,
      })),
    /** Contacts that are trusted, with their public keys. */
    trusted: () => live().filter(({ state }) => state === 'trusted'),
    /** The entry of an account, a removed one among them. */
    get: entryOf,
    aliasOf(account: Uint8Array): string | undefined {
      const entry = entryOf(account)
      return entry?.state === 'trusted' ? entry.alias : undefined
    },
    /** @throws {MayflyError} ERR_LIMIT, when the book has no room for one more */
    mustHaveRoom(): void {
      if (live().length < BOOK_LIMITS.maxContacts) return
      throw new MayflyError('ERR_LIMIT', `Cannot add a contact: ${BOOK_LIMITS.maxContacts} are in the book, which is the limit`)
    },
    /** The time to give to `add` for what is agreed now. */
    nextChangeMs: (account: Uint8Array) => nextChangeMs(entryOf(account)),
    add,
    /**
     * Trusts an account that this one trusted at that time, as its own statement proves, when the book has lost it. A contact in the book stays
     * as it is, and one that was removed since, too. The alias is made up, so that any that another place of the account knows is newer.
     */
    async recover(account: Uint8Array, { alias, atMs }: { alias: string; atMs: number }): Promise<void> {
      const known = entryOf(account)
      if (known !== undefined && (known.state !== 'removed' || known.changedAtMs >= atMs)) return
      await add(account, { alias, trust: new Uint8Array(), atMs, changedAtMs: (known?.changedAtMs ?? -1) + 1 })
    },
    /** @throws {MayflyError} ERR_BAD_OPTION (no alias, or another contact has it), ERR_NOBODY */
    async rename(id: string, alias: string): Promise<void> {
      const wanted = cleanAlias(alias)
      const other = live().find((entry) => entry.alias.toLowerCase() === wanted.toLowerCase())
      if (other !== undefined && keyIdOf(other.account) !== id)
        throw new MayflyError('ERR_BAD_OPTION', `Another contact is called ${JSON.stringify(wanted)}: choose another alias`)
      await changeContact(id, { alias: wanted })
    },
    /** Ends the trust on this side; a new token may begin it again. */
    remove: (id: string) => changeContact(id, { alias: '', state: 'removed', trust: new Uint8Array() }),
    block: (id: string) => changeContact(id, { state: 'blocked' }),
    unblock: (id: string) => changeContact(id, { state: 'trusted' }),
    /** Keeps a newer statement of a trusted contact's; other accounts' are left out. */
    async keepTrust(account: Uint8Array, trust: Uint8Array, atMs: number): Promise<void> {
      const known = entryOf(account)
      if (known === undefined || !isTrustDue(known, atMs)) return
      await shown.keep(bytesToHex(account), { trust, atMs })
    },
    /** The same on each instance that has the same book. */
    digest: digestOfBook,
    /** All entries, encoded, for another instance of the account. */
    entries: (): Uint8Array[] => [...entries.values()].map(encodeContactEntry),
    /**
     * Takes entries of another instance of the account: of each part the newest stays.
     *
     * @throws {MayflyError} ERR_BAD_FRAME; then nothing is taken
     */
    async merge(encoded: readonly Uint8Array[]): Promise<void> {
      const news = encoded.map(decodeContactEntry)
      if (news.every((entry) => isKnown(entries, entry))) return
      await update((stored) => {
        for (const entry of news) mergeInto(stored, entry)
      })
    },
    /** Hears of changes, those of other tabs and places among them. Returns the function that ends it. */
    onChange: changes.on,
    close() {
      endListening()
      shown.close()
    },
  }
}

interface ShownTrust {
  trust: Uint8Array
  atMs: number
}

function changeBook(before: Uint8Array | undefined, change: (stored: Entries) => void): Uint8Array {
  const stored = decodeEntries(before)
  change(stored)
  forgetOldest(stored)
  return encodeEntries(stored)
}

function keepShown(entries: Entries, statements: ReadonlyMap<string, ShownTrust>): void {
  for (const [hex, { trust, atMs }] of statements) {
    const entry = entries.get(hex)
    if (entry !== undefined && entry.trustAtMs < atMs) entries.set(hex, { ...entry, trust, trustAtMs: atMs })
  }
}

/** Statements that contacts have shown, written some at a time. */
function createShownTrust(write: (statements: ReadonlyMap<string, ShownTrust>) => Promise<void>) {
  /** By hex of the account. Bounded: the contacts. */
  let waiting = new Map<string, ShownTrust>()
  let written = Promise.withResolvers<void>()
  const pusher = createPusher(() => {
    const [statements, { resolve, reject }] = [waiting, written]
    waiting = new Map()
    written = Promise.withResolvers()
    write(statements).then(resolve, reject)
  }, TRUST_EVERY_MS)
  return {
    /** Resolves once it is written. */
    keep(hex: string, shown: ShownTrust): Promise<void> {
      const { promise } = written
      if ((waiting.get(hex)?.atMs ?? -1) < shown.atMs) waiting.set(hex, shown)
      pusher.changed()
      return promise
    },
    /** Nobody waits for those that were not written: each is shown again on the next link. */
    close() {
      pusher.stop()
      written.resolve()
    },
  }
}

function mergeInto(entries: Entries, entry: ContactEntry): void {
  const hex = bytesToHex(entry.account)
  const known = entries.get(hex)
  entries.set(hex, known === undefined ? entry : mergeContacts(known, entry))
}

function isTrustDue({ state, trust, trustAtMs }: ContactEntry, atMs: number): boolean {
  return state === 'trusted' && (trust.byteLength === 0 ? atMs > trustAtMs : atMs >= trustAtMs + TRUST_REFRESH_MS)
}

/** True when merging the entry would change nothing. */
function isKnown(entries: Entries, entry: ContactEntry): boolean {
  const known = entries.get(bytesToHex(entry.account))
  return known !== undefined && equalBytes(encodeContactEntry(mergeContacts(known, entry)), encodeContactEntry(known))
}

/** Forgets the removed contacts over the limit, the oldest first: the same ones on each instance. */
function forgetOldest(entries: Entries): void {
  const removed = [...entries].filter(([, { state }]) => state === 'removed')
  removed.sort(([a, one], [b, other]) => other.changedAtMs - one.changedAtMs || (a < b ? -1 : 1))
  for (const [hex] of removed.slice(BOOK_LIMITS.maxRemoved)) entries.delete(hex)
}

/** Exclusive or of the entries' hashes: their order plays no part. */
function digestOf(entries: Entries): Uint8Array {
  const digest = new Uint8Array(32)
  for (const entry of entries.values()) {
    for (const [i, byte] of sha256AtOnce(encodeContactEntry(entry)).entries()) digest[i] = (digest[i] as number) ^ byte
  }
  return digest
}

const encodeEntries = (entries: Entries): Uint8Array => new Uint8Array(encode([...entries.values()].map(encodeContactEntry)))

function decodeEntries(bytes: Uint8Array | undefined): Entries {
  const entries: Entries = new Map()
  if (bytes === undefined) return entries
  try {
    for (const entry of decode(bytes) as Uint8Array[]) mergeInto(entries, decodeContactEntry(entry))
    return entries
  } catch (cause) {
    throw new MayflyError('ERR_DAMAGED', 'The stored contacts cannot be read', { cause })
  }
}

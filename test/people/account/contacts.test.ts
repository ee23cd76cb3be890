import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { BOOK_LIMITS, type ContactsBook, openContactsBook } from '../../../node/people/account/contacts.ts'
import type { RecordStore } from '../../../node/people/account/record-store.ts'
import { keyIdOf } from '../../../node/people/format/account-key.ts'
import {
  type ContactEntry,
  decodeContactEntry,
  encodeContactEntry,
  MAX_ENTRY_BYTES,
  MAX_TRUST_BYTES,
  mergeContacts,
} from '../../../node/people/format/contact-entry.ts'
import { createMemoryRecords } from '../../helpers/memory-records.ts'

const NOW_MS = 1_760_000_000_000
const keyOf = (number: number) => Uint8Array.of(number & 0xff, number >> 8, ...new Uint8Array(30).fill(7))
const [BOB, CAROL] = [keyOf(0x10), keyOf(0x20)]
const [bob, carol] = [keyIdOf(BOB), keyIdOf(CAROL)]

async function openBook(store: RecordStore = createMemoryRecords(), nowMs: number = NOW_MS) {
  const clock = { nowMs }
  const book = await openContactsBook({ store, now: () => clock.nowMs })
  const add = (account: Uint8Array, alias: string) =>
    book.add(account, { alias, trust: Uint8Array.of(1), atMs: book.nextChangeMs(account) })
  return { store, clock, book, add }
}

const mergeInto = (to: ContactsBook, from: ContactsBook) => to.merge(from.entries())

test('contacts: added, renamed, blocked, unblocked and removed, also after the book was opened again', async () => {
  const { store, book, add } = await openBook()
  await add(BOB, ' Bob ')
  await add(CAROL, 'Carol')
  await book.rename(bob, 'Robert')
  await book.block(carol)
  expect(book.list()).toEqual([
    { account: bob, alias: 'Robert', state: 'trusted', addedAtMs: NOW_MS },
    { account: carol, alias: 'Carol', state: 'blocked', addedAtMs: NOW_MS },
  ])
  expect(book.trusted()).toMatchObject([{ account: BOB }])
  expect([book.aliasOf(BOB), book.aliasOf(CAROL)]).toEqual(['Robert', undefined])

  const { book: again } = await openBook(store)
  expect(again.list()).toEqual(book.list())
  expect(again.digest()).toEqual(book.digest())
  await again.unblock(carol)
  await again.remove(bob)
  expect(again.list().map(({ alias, state }) => [alias, state])).toEqual([['Carol', 'trusted']])
  await expect(again.rename(bob, 'Bob')).rejects.toMatchObject({ code: 'ERR_NOBODY' })
  await expect(again.block('nobody')).rejects.toMatchObject({ code: 'ERR_NOBODY' })
})

test('contacts: an alias names one contact', async () => {
  const { book, add } = await openBook()
  await add(BOB, 'Kim')
  expect(await add(CAROL, 'kim')).toMatchObject({ alias: 'kim 2' })
  expect(await add(BOB, 'Kim')).toMatchObject({ alias: 'Kim' }) // the same person once more
  await expect(book.rename(carol, 'KIM')).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  await expect(book.rename(carol, 'a\u202eb')).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  await book.rename(carol, 'KIM 2')
})

test('contacts: a pairing that is written down twice adds nothing, and does not undo a removal since', async () => {
  const { book } = await openBook()
  const pairing = { alias: 'Bob', trust: Uint8Array.of(1), atMs: NOW_MS }
  await book.add(BOB, pairing)
  const digest = book.digest()
  await book.add(BOB, pairing)
  expect(book.digest()).toEqual(digest)
  await book.remove(bob)
  await book.add(BOB, pairing)
  expect(book.list()).toEqual([])
  expect(book.get(BOB)).toMatchObject({ state: 'removed', alias: '' })
  await book.add(BOB, { ...pairing, atMs: book.nextChangeMs(BOB) })
  expect(book.list()).toMatchObject([{ alias: 'Bob' }])
})

test('contacts: two tabs with one store lose nothing of each other', async () => {
  const store = createMemoryRecords()
  const [one, other] = [await openBook(store), await openBook(store)]
  const accounts = Array.from({ length: 40 }, (_, i) => keyOf(i * 16 + (i % 3)))
  await Promise.all(accounts.map((account, i) => (i % 2 === 0 ? one : other).add(account, `friend ${i}`)))
  const { book } = await openBook(store)
  expect(book.list()).toHaveLength(40)
})

test('contacts: places that told each other have the same book, and the newest change stays', async () => {
  const [laptop, phone] = [await openBook(), await openBook(undefined, NOW_MS - 3_600_000)] // its clock is an hour late
  await laptop.add(BOB, 'Bob')
  await mergeInto(phone.book, laptop.book)
  await phone.book.rename(bob, 'Bobby') // known to be after the laptop's change, whatever the clock says
  await phone.add(CAROL, 'Carol')
  expect(laptop.book.digest()).not.toEqual(phone.book.digest())
  await mergeInto(laptop.book, phone.book)
  await mergeInto(phone.book, laptop.book)
  expect(laptop.book.digest()).toEqual(phone.book.digest())
  expect(laptop.book.list().map(({ alias }) => alias)).toEqual(['Bobby', 'Carol'])

  await laptop.book.remove(bob)
  await mergeInto(phone.book, laptop.book)
  expect(phone.book.list().map(({ alias }) => alias)).toEqual(['Carol'])
  await mergeInto(laptop.book, phone.book)
  expect(laptop.book.list().map(({ alias }) => alias)).toEqual(['Carol'])
})

test('contacts: a change is told, once; what was known already is not', async () => {
  const [one, other] = [await openBook(), await openBook()]
  await one.add(BOB, 'Bob')
  let changes = 0
  other.book.onChange(() => changes++)
  await mergeInto(other.book, one.book)
  await mergeInto(other.book, one.book)
  expect(changes).toBe(1)
})

test('contacts: bytes that are no entries are refused, and nothing of theirs is taken', async () => {
  const { book, add } = await openBook()
  await add(BOB, 'Bob')
  const [entry] = book.entries() as [Uint8Array]
  const empty = await openBook()
  for (const bad of [entry.slice(1), Uint8Array.of(...entry, 0), new Uint8Array(MAX_ENTRY_BYTES + 1), Uint8Array.of(0x80)])
    await expect(empty.book.merge([entry, bad])).rejects.toMatchObject({ code: 'ERR_BAD_FRAME' })
  expect(empty.book.list()).toEqual([])
  const store = createMemoryRecords()
  await store.change('contacts', () => Uint8Array.of(1, 2, 3))
  await expect(openBook(store)).rejects.toMatchObject({ code: 'ERR_DAMAGED' })
})

test('contacts: a change that cannot be stored is refused, and the book stays as it was', async () => {
  const store = createMemoryRecords()
  const { book, add } = await openBook(store)
  await add(BOB, 'Bob')
  store.failWhen(() => true)
  await expect(book.rename(bob, 'Robert')).rejects.toThrow('disk full')
  expect(book.list()).toMatchObject([{ alias: 'Bob' }])
})

test("contacts: a contact's newer statement of trust is kept, but not one of each link, an older one, or a stranger's", async () => {
  const { book, add } = await openBook()
  await add(BOB, 'Bob')
  const day = 86_400_000
  await book.keepTrust(BOB, Uint8Array.of(2), NOW_MS + day - 1)
  expect(book.get(BOB)).toMatchObject({ trust: Uint8Array.of(1), trustAtMs: NOW_MS })
  await book.keepTrust(BOB, Uint8Array.of(3), NOW_MS + day)
  await book.keepTrust(BOB, Uint8Array.of(4), NOW_MS)
  await book.keepTrust(CAROL, Uint8Array.of(5), NOW_MS)
  expect(book.get(BOB)).toMatchObject({ trust: Uint8Array.of(3), trustAtMs: NOW_MS + day, changedAtMs: NOW_MS })
  expect(book.get(CAROL)).toBeUndefined()
})

test('contacts: the statements of a thousand who go online at once are kept by two writes of the book', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const store = createMemoryRecords()
  const accounts = Array.from({ length: 1_000 }, (_, i) => keyOf(i))
  const { book: before } = await openBook(store)
  await before.merge(
    accounts.map((account, i) =>
      encodeContactEntry({
        account,
        alias: `contact ${i}`,
        state: 'trusted',
        addedAtMs: 1,
        changedAtMs: 1,
        trust: new Uint8Array(),
        trustAtMs: 0,
      }),
    ),
  )
  const change = vi.spyOn(store, 'change')
  const { book } = await openBook(store)
  const kept = Promise.all(accounts.map((account, i) => book.keepTrust(account, Uint8Array.of(i & 0xff), NOW_MS)))
  await vi.advanceTimersByTimeAsync(2_000)
  await kept
  expect(change).toHaveBeenCalledTimes(2)
  expect(accounts.every((account, i) => book.get(account)?.trust[0] === (i & 0xff))).toBe(true)
  const waiting = book.keepTrust(BOB, Uint8Array.of(9), NOW_MS + 100_000_000)
  book.close()
  await waiting // nothing waits for a book that is closed
})

test('contacts: a lost contact comes back by a statement of this account, and nothing else is changed by one', async () => {
  const { book, add, clock } = await openBook()
  await book.recover(BOB, { alias: 'abcd2345', atMs: NOW_MS - 5 })
  expect(book.list()).toMatchObject([{ account: bob, alias: 'abcd2345', state: 'trusted' }])
  await book.keepTrust(BOB, Uint8Array.of(1), NOW_MS - 10) // theirs may be older than ours
  expect(book.get(BOB)?.trust).toEqual(Uint8Array.of(1))
  await add(CAROL, 'Carol')
  await book.recover(CAROL, { alias: 'efgh2345', atMs: NOW_MS + 10 })
  expect(book.aliasOf(CAROL)).toBe('Carol')
  clock.nowMs += 20
  await book.remove(carol)
  await book.recover(CAROL, { alias: 'efgh2345', atMs: NOW_MS + 10 })
  expect(book.get(CAROL)?.state).toBe('removed')
})

test('contacts: the alias that another place knows counts, when a statement was here before it', async () => {
  const [laptop, phone] = [await openBook(), await openBook()]
  await laptop.add(BOB, 'Bob')
  await phone.book.recover(BOB, { alias: 'abcd2345', atMs: NOW_MS + 10 }) // the statement is made after the contact
  await phone.book.merge(laptop.book.entries())
  await laptop.book.merge(phone.book.entries())
  expect([laptop.book.aliasOf(BOB), phone.book.aliasOf(BOB)]).toEqual(['Bob', 'Bob'])
  await laptop.book.remove(bob)
  await phone.book.merge(laptop.book.entries())
  await phone.book.recover(BOB, { alias: 'abcd2345', atMs: NOW_MS + 20_000 }) // agreed anew since
  expect(phone.book.aliasOf(BOB)).toBe('abcd2345')
})

test('contacts: a tab hears what another one changed', async () => {
  const store = createMemoryRecords()
  const [one, other] = [await openBook(store), await openBook(store)]
  const heard = new Promise<void>((resolve) => other.book.onChange(resolve))
  await one.add(BOB, 'Bob')
  await heard
  expect(other.book.list()).toEqual(one.book.list())
})

test('contacts: the book is bounded, and says so', async () => {
  const { book, store } = await openBook()
  const entryOf = (number: number, state: ContactEntry['state']) =>
    encodeContactEntry({
      account: Uint8Array.of(0x10, number & 0xff, number >> 8, ...new Uint8Array(29)),
      alias: state === 'removed' ? '' : `friend ${number}`,
      state,
      addedAtMs: number,
      changedAtMs: number,
      trust: new Uint8Array(),
      trustAtMs: 0,
    })
  await book.merge(Array.from({ length: BOOK_LIMITS.maxRemoved + 20 }, (_, i) => entryOf(i, 'removed')))
  expect(book.entries()).toHaveLength(BOOK_LIMITS.maxRemoved)
  expect(book.get(Uint8Array.of(0x10, 5, 0, ...new Uint8Array(29)))).toBeUndefined() // the oldest ones went
  await book.merge(Array.from({ length: BOOK_LIMITS.maxContacts }, (_, i) => entryOf(10_000 + i, 'trusted')))
  expect(() => book.mustHaveRoom()).toThrow(expect.objectContaining({ code: 'ERR_LIMIT', message: expect.stringContaining('4096') }))
  expect((await openContactsBook({ store, now: () => NOW_MS })).digest()).toEqual(book.digest())
})

const entryOfBob = fc
  .record({
    alias: fc.constantFrom('Bob', 'Robert', 'B'),
    state: fc.constantFrom('trusted' as const, 'blocked' as const, 'removed' as const),
    addedAtMs: fc.nat(3),
    changedAtMs: fc.nat(3),
    trust: fc.uint8Array({ maxLength: 2 }),
    trustAtMs: fc.nat(3),
  })
  .map((entry): ContactEntry => ({ ...entry, alias: entry.state === 'removed' ? '' : entry.alias, account: BOB }))

test('contacts: entries merge in any order, any number of times, to the same one', () => {
  fc.assert(
    fc.property(entryOfBob, entryOfBob, entryOfBob, (a, b, c) => {
      const merged = mergeContacts(mergeContacts(a, b), c)
      expect(mergeContacts(a, a)).toEqual(a)
      expect(mergeContacts(b, a)).toEqual(mergeContacts(a, b))
      expect(mergeContacts(a, mergeContacts(b, c))).toEqual(merged)
      expect(mergeContacts(merged, b)).toEqual(merged)
      expect(decodeContactEntry(encodeContactEntry(merged))).toEqual(merged)
    }),
  )
})

test('contacts: the largest entry is within the limit', () => {
  const statement = new Uint8Array(MAX_TRUST_BYTES)
  const entry: ContactEntry = {
    account: BOB,
    alias: '👨'.repeat(64),
    state: 'trusted',
    addedAtMs: 2 ** 52,
    changedAtMs: 2 ** 52,
    trust: statement,
    trustAtMs: 2 ** 52,
  }
  expect(decodeContactEntry(encodeContactEntry(entry))).toEqual(entry)
  expect(encodeContactEntry(entry).byteLength).toBeLessThanOrEqual(MAX_ENTRY_BYTES)
})

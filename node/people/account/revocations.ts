/** Revocations of places, of this account and of its contacts: kept in the store, and asked for each identity that is shown. */

import { MayflyError } from '../../errors.ts'
import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import { equalBytes } from '../../keys/key.ts'
import { encodeKeyHex } from '../../keys/key-text.ts'
import { readArray, readBytesUpTo } from '../../network/fields.ts'
import { MAX_REVOCATION_BYTES, openRevocation, type Revocation, readRevocation } from '../format/revocation.ts'
import type { RecordStore } from './record-store.ts'
import { RECORD_LIMITS } from './store.ts'
import { openStoredRecord, type RecordForm } from './stored-record.ts'

export const REVOCATION_LIMITS = {
  /** Of one account; the oldest are forgotten first. */
  maxPerAccount: 64,
  /** Of all accounts. */
  maxEntries: 8_192,
} as const

/** By account and place, hex. */
type Known = ReadonlyMap<string, Revocation>

const VERSION = 1

export const REVOCATIONS_FORM: RecordForm<Known> = {
  name: 'revocations',
  decode(bytes) {
    if (bytes === undefined) return new Map()
    return decodeCanonical('the record of revocations', bytes, RECORD_LIMITS.maxBytes, (value) => {
      const [version, list] = mustBeArray(value, 2)
      if (version !== VERSION) throw new Error(`version ${String(version)}`)
      const read = (item: unknown, name: string) => readRevocation(readBytesUpTo(item, name, MAX_REVOCATION_BYTES))
      const known = readArray(list, 'revocations', REVOCATION_LIMITS.maxEntries, read)
      return new Map(known.map((revocation) => [nameOf(revocation.account, revocation.place), revocation]))
    })
  },
  encode: (known) => encodeCanonical([VERSION, [...known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { bytes }]) => bytes)]),
}

export type Revocations = Awaited<ReturnType<typeof openRevocations>>

export async function openRevocations(store: RecordStore) {
  const record = await openStoredRecord(store, REVOCATIONS_FORM)
  return {
    isRevoked(account: Uint8Array, place: Uint8Array, serial: number): boolean {
      return serial <= (record.value.get(nameOf(account, place))?.serial ?? -1)
    },
    /** Statements of one account, as they travel. */
    of: (account: Uint8Array): Uint8Array[] =>
      [...record.value.values()].filter((revocation) => equalBytes(revocation.account, account)).map(({ bytes }) => bytes),
    /**
     * Takes statements of one account, and keeps them.
     *
     * @returns true when one of them was news
     * @throws {MayflyError} ERR_BAD_FRAME, ERR_FORGED: one is none, or another account's, and none is taken; ERR_NOT_STORED
     */
    async add(account: Uint8Array, statements: readonly Uint8Array[]): Promise<boolean> {
      if (statements.length > REVOCATION_LIMITS.maxPerAccount) {
        throw new MayflyError('ERR_LIMIT', `More than ${REVOCATION_LIMITS.maxPerAccount} revocations of one account`)
      }
      const opened = statements.map(openRevocation)
      if (opened.some((each) => !equalBytes(each.account, account))) throw new MayflyError('ERR_FORGED', 'A revocation of another account')
      const news = opened.filter(({ place, serial }) => serial > (record.value.get(nameOf(account, place))?.serial ?? -1))
      if (news.length > 0) await record.change((known) => bound(unite(known, news)))
      return news.length > 0
    },
    /** Returns the function that ends it. */
    onChange: record.onChange,
    close: record.close,
  }
}

function nameOf(account: Uint8Array, place: Uint8Array): string {
  return encodeKeyHex(account) + encodeKeyHex(place)
}

/** Of two revocations of one place, the one with the higher serial counts. */
function unite(known: Known, news: readonly Revocation[]): Known {
  const united = new Map(known)
  for (const revocation of news) {
    const name = nameOf(revocation.account, revocation.place)
    if (revocation.serial > (united.get(name)?.serial ?? -1)) united.set(name, revocation)
  }
  return united
}

/** Forgets the oldest over the limits. None is forgotten by its age: a clock that is wrong would let a revoked place in again. */
function bound(known: Known): Known {
  const left = new Map<string, number>()
  const newest = [...known].sort(([, a], [, b]) => b.atMs - a.atMs)
  const bounded = newest.filter(([, { account }]) => {
    const hex = encodeKeyHex(account)
    left.set(hex, (left.get(hex) ?? REVOCATION_LIMITS.maxPerAccount) - 1)
    return (left.get(hex) ?? 0) >= 0
  })
  return new Map(bounded.slice(0, REVOCATION_LIMITS.maxEntries))
}

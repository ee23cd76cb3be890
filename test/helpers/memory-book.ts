/** An account's contacts and statements in memory, for tests of presence. Nothing in it is signed. */

import { createHash } from 'node:crypto'
import { createEmitter } from '../../node/async/emitter.ts'
import { encodeKeyHex } from '../../node/keys/index.ts'
import type { AccountBook } from '../../node/people/presence/types.ts'

interface Entry {
  account: string
  alias: string
  changedAtMs: number
  isRemoved: boolean
}

export interface MemoryBook extends AccountBook {
  add(account: Uint8Array, alias: string, changedAtMs?: number): void
  remove(account: Uint8Array, changedAtMs?: number): void
  block(account: Uint8Array): void
  /** A place of this account. */
  revoke(place: Uint8Array): void
  /** Statements of trust that others have sent. */
  trustTaken: string[]
  /** Statements that this account had signed, and that make their holders contacts again. */
  signed: Set<string>
}

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const decode = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes))

export function createMemoryBook(publicKey: Uint8Array): MemoryBook {
  const entries = new Map<string, Entry>()
  const blocked = new Set<string>()
  const revoked = new Set<string>()
  const own = new Set<string>()
  const changes = createEmitter<void>()
  const isTrusted = ({ account, isRemoved }: Entry) => !isRemoved && !blocked.has(account)

  function put(entry: Entry): void {
    const known = entries.get(entry.account)
    if (known !== undefined && known.changedAtMs >= entry.changedAtMs) return
    entries.set(entry.account, entry)
    changes.emit()
  }

  const book: MemoryBook = {
    publicKey,
    trustTaken: [],
    signed: new Set(),
    contacts: () =>
      [...entries.values()]
        .filter(isTrusted)
        .map(({ account, alias }) => ({ account: new Uint8Array(Buffer.from(account, 'hex')), alias })),
    aliasOf(account) {
      const entry = entries.get(encodeKeyHex(account))
      return entry !== undefined && isTrusted(entry) ? entry.alias : undefined
    },
    isBlocked: (account) => blocked.has(encodeKeyHex(account)),
    isRevoked: ({ place }) => revoked.has(encodeKeyHex(place)),
    onChange: changes.on,
    sync: {
      digest: () =>
        new Uint8Array(
          createHash('sha256')
            .update(JSON.stringify([...entries].toSorted()))
            .digest(),
        ),
      entries: () => [...entries.values()].map(encode),
      async merge(all) {
        for (const each of all) put(decode(each))
      },
    },
    statements: {
      revocations: () => [...own].map(encode),
      async takeRevocations(_from, statements) {
        for (const each of statements) {
          if (revoked.has(decode(each))) continue
          revoked.add(decode(each))
          changes.emit()
        }
      },
      trustFor: async (account) => encode(`trust in ${encodeKeyHex(account)}`),
      async takeTrust(_from, statement) {
        book.trustTaken.push(decode(statement))
      },
      trustOf: (account) => encode(`${encodeKeyHex(account)} trusts ${encodeKeyHex(publicKey)}`),
      async recover({ account }, statement) {
        if (book.signed.has(decode(statement))) book.add(account, 'found again')
      },
    },
    add: (account, alias, changedAtMs = Date.now()) => put({ account: encodeKeyHex(account), alias, changedAtMs, isRemoved: false }),
    remove: (account, changedAtMs = Date.now() + 1) => put({ account: encodeKeyHex(account), alias: '', changedAtMs, isRemoved: true }),
    block(account) {
      blocked.add(encodeKeyHex(account))
      changes.emit()
    },
    revoke(place) {
      own.add(encodeKeyHex(place))
      revoked.add(encodeKeyHex(place))
      changes.emit()
    },
  }
  return book
}

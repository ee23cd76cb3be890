/** The account as presence knows it: contacts, revocations and statements of trust of several parts, as one. */

import { concatBytes } from '@noble/hashes/utils.js'
import { equalBytes, sha256AtOnce } from '../keys/index.ts'
import type { OwnAccount } from './account/account.ts'
import type { ContactsBook } from './account/contacts.ts'
import { keyIdOf } from './format/account-key.ts'
import { openTrust } from './format/trust-statement.ts'
import type { AccountBook, BookSync } from './presence/types.ts'

/** Characters of an account that stand for a contact whose alias is not known any more. */
const SHORT_ID = 8

export function createAccountBook(account: OwnAccount, contacts: ContactsBook): AccountBook {
  const { revocations, publicKey } = account
  return {
    publicKey,
    contacts: contacts.trusted,
    aliasOf: contacts.aliasOf,
    isBlocked: (other) => contacts.get(other)?.state === 'blocked',
    isRevoked: ({ account: other, place, serial }) => revocations.isRevoked(other, place, serial),
    onChange(listener) {
      const ends = [contacts.onChange(listener), revocations.onChange(listener), account.onChange(listener)]
      return () => {
        for (const end of ends) end()
      }
    },
    sync: joinSyncs([contacts, account.sync]),
    statements: {
      revocations: () => revocations.of(publicKey),
      async takeRevocations(from, statements) {
        await revocations.add(from.account, statements)
      },
      trustFor: async (other) => (contacts.aliasOf(other) === undefined ? undefined : account.signTrust(other)),
      async takeTrust(from, statement) {
        const { certificate, trusted, atMs } = openTrust(statement)
        if (!equalBytes(certificate.account, from.account) || !equalBytes(trusted, publicKey)) return
        await contacts.keepTrust(from.account, statement, atMs)
      },
      trustOf(other) {
        const trust = contacts.get(other)?.trust
        return trust === undefined || trust.byteLength === 0 ? undefined : trust
      },
      async recover(from, statement) {
        const { certificate, trusted, atMs } = openTrust(statement)
        if (!equalBytes(certificate.account, publicKey) || !equalBytes(trusted, from.account)) return
        if (revocations.isRevoked(publicKey, certificate.place, certificate.serial)) return
        // A removal since then stays: the newest change counts.
        await contacts.recover(from.account, { alias: keyIdOf(from.account).slice(0, SHORT_ID), atMs })
      },
    },
  }
}

/** Several books as one: each entry begins with the number of its book. */
function joinSyncs(books: readonly BookSync[]): BookSync {
  return {
    digest: () => sha256AtOnce(concatBytes(...books.map((book) => book.digest()))),
    entries: () => books.flatMap((book, index) => book.entries().map((entry) => concatBytes(Uint8Array.of(index), entry))),
    async merge(entries) {
      for (const [index, book] of books.entries()) {
        const own = entries.filter(([first]) => first === index).map((entry) => entry.subarray(1))
        if (own.length > 0) await book.merge(own)
      }
    },
  }
}

/** The nouns of presence: those that it is handed, and those that it shows to the parts above. */

import type { Hold, Holder } from '../../rendezvous/types.ts'
import type { AbortOptions, Key } from '../../types.ts'
import type { Circle, Person } from '../types.ts'
import type { Identity, RoomProof } from '../way/types.ts'

/** The account and its contacts, as presence knows them. */
export interface AccountBook {
  /** This account's public key, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Trusted contacts. */
  contacts(): Iterable<{ account: Uint8Array; alias: string }>
  /** The alias of a trusted contact; undefined for everybody else. */
  aliasOf(account: Uint8Array): string | undefined
  isBlocked(account: Uint8Array): boolean
  /** True when a statement is known here that revokes the place. */
  isRevoked(identity: Identity): boolean
  /** Contacts or revocations have changed. Returns the function that ends it. */
  onChange(listener: () => void): () => void
  /** The contacts book as own instances exchange it: entries of people who were removed are among them. */
  readonly sync: BookSync
  readonly statements: Statements
}

export interface BookSync {
  /** SHA-256 over all entries, whatever their order. */
  digest(): Uint8Array
  entries(): Uint8Array[]
  /** The newest change of each contact wins. @throws when an entry breaks the format */
  merge(entries: Uint8Array[]): Promise<void>
}

/** Signed statements, each checked by whoever takes it. */
export interface Statements {
  /** Revocations of places of this account. */
  revocations(): Uint8Array[]
  takeRevocations(from: Identity, statements: Uint8Array[]): Promise<void>
  /** That this account trusts that one; undefined when it does not. */
  trustFor(account: Uint8Array): Promise<Uint8Array | undefined>
  /** That account's, that it trusts this one: kept, and shown to it when it has forgotten its contacts. */
  takeTrust(from: Identity, statement: Uint8Array): Promise<void>
  trustOf(account: Uint8Array): Uint8Array | undefined
  /** This account's own statement, shown by whom it trusts: makes that one a contact again, unless it was removed since. */
  recover(from: Identity, statement: Uint8Array): Promise<void>
}

/** The part of the rendezvous that presence stands on. */
export interface PresenceRendezvous {
  hold(key: Key): Hold
  find(key: Key, options?: AbortOptions): AsyncIterable<Holder>
  /** `isCertain` is false while no record node has answered. Returns the function that ends it. */
  onCount(key: Key, listener: (count: number, isCertain: boolean) => void): () => void
  /** Where this peer can be reached; undefined while a tab has no home. */
  where(): { home: string; addresses: string[] } | undefined
  onHome(listener: () => void): () => void
}

/** Those who are there, and their states. */
export type PresenceCircle = Pick<Circle, 'present' | 'on' | 'setState' | 'stateOf'>

export interface RoomCircle extends PresenceCircle {
  /** True for a member that was admitted. While that is being decided it is waited for, but not for long. */
  admits(instance: string): boolean | Promise<boolean>
  leave(): void
}

/** A room as presence knows it: a key, and proofs that its members know the secret. */
export interface RoomEntry {
  key: Key
  /** This peer's proof to that one. */
  prove(peer: string): RoomProof
  /** True when that peer has proven the room to this one. */
  isProven(proof: RoomProof, peer: string): boolean
  /** Decides before a member becomes visible, and before it sees this peer's proof. */
  admit?: ((person: Person) => boolean | Promise<boolean>) | undefined
}

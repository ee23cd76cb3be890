/** Parts of the peer that both sides of a pairing use. */

import type { Rendezvous } from '../../rendezvous/types.ts'
import type { ContactsBook } from '../account/contacts.ts'
import type { IdentityProof, VerifyIdentity } from '../format/identity.ts'
import { decodeCard } from '../format/pairing-card.ts'
import type { Ways } from '../way/types.ts'

/** The account, as pairing needs it. */
export interface PairingAccount {
  /** This instance's peer id. */
  readonly peer: string
  readonly publicKey: Uint8Array
  identity(): Promise<IdentityProof>
  /** Checks what another end shows, against the peer id that its way has proven. */
  verify(proof: IdentityProof, peer: string): ReturnType<VerifyIdentity>
  /** True where other places can be added. */
  isOwner(): boolean
  signTrust(account: Uint8Array): Promise<Uint8Array>
  /** Bytes that make another place one of this account's. @throws {MayflyError} ERR_REFUSED, on a place that is no owner */
  grantPlace(place: Uint8Array, terms: { role: 'owner' | 'device'; name: string }): Promise<Uint8Array>
  /** The public key of the place that is to become one of another account. @throws {MayflyError} ERR_REFUSED, when it keeps an account already */
  placeToAdopt(): Uint8Array
  /** Becomes a place of the account that made the grant. Durable when it resolves. */
  adopt(grant: Uint8Array): Promise<void>
}

export interface PairingContext {
  account: PairingAccount
  book: ContactsBook
  ways: Pick<Ways, 'open' | 'handle'>
  rendezvous: Pick<Rendezvous, 'hold' | 'find' | 'watch'>
  /** The list of code words, loaded. */
  words(): Promise<readonly string[]>
  /** Wall clock, in ms: tokens outlive the process. */
  now(): number
  randomBytes(length: number): Uint8Array
  settings: PairingSettings
}

export interface PairingSettings {
  /** Work before a guess at a code, in bits: twice as many hashes for each. */
  codeWorkBits: number
  /** How long a claimer looks for somebody who holds the token, in ms. */
  lookMs: number
}

export const PAIRING_DEFAULTS: Readonly<PairingSettings> = {
  codeWorkBits: 16, // about 65,000 hashes: a fifth of a second in Node.js, on a phone half a second
  lookMs: 12_000, // a hold is found within a second or two of its beginning
}

/** A card, with the identity that it proves or the reason why that is not believed. @throws {MayflyError} ERR_BAD_FRAME */
export function readCard({ account }: PairingContext, bytes: Uint8Array, peer: string) {
  const { gift, ...proof } = decodeCard(bytes)
  return { ...account.verify(proof, peer), gift }
}

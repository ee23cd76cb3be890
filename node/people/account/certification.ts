/** Certificates of an account's places, as the account's own secret makes them: it is in clear only while one is made. */

import { MayflyError } from '../../errors.ts'
import { encodeKeyHex } from '../../keys/key-text.ts'
import { accountSigner } from '../format/account-key.ts'
import { CERTIFICATE_LIMITS, type PlaceRole, signCertificate } from '../format/certificate.ts'
import type { Lifetime } from '../format/lifetime.ts'
import type { AccountRecord } from './account-record.ts'
import { cleanPlaceName, type KnownPlace, type KnownPlaces, mergePlaces } from './places.ts'
import type { Revocations } from './revocations.ts'
import type { AccountStore } from './store.ts'
import type { StoredRecord } from './stored-record.ts'

interface CertifiedAccount {
  store: AccountStore
  publicKey: Uint8Array
  record: StoredRecord<AccountRecord | undefined>
  places: StoredRecord<KnownPlaces>
  revocations: Revocations
  now(): number
}

/** Past half of its life; or its issuer's clock has been set back since. */
export function isDue({ issuedAtMs, expiresAtMs }: Lifetime, nowMs: number): boolean {
  return nowMs >= (issuedAtMs + expiresAtMs) / 2 || nowMs < issuedAtMs
}

export function createCertification({ store, publicKey, record, places, revocations, now }: CertifiedAccount) {
  const { place } = store

  /** Lends the account's 16 bytes, and wipes them. @throws {MayflyError} ERR_REFUSED, on a place that is no owner */
  async function lendEntropy<T>(task: string, use: (entropy: Uint8Array) => T | Promise<T>): Promise<T> {
    const sealed = record.value?.sealedEntropy
    if (sealed === undefined) {
      throw new MayflyError('ERR_REFUSED', `Cannot ${task} here: this place has no recovery words. Do it in a place that has them`)
    }
    const entropy = await store.unseal(sealed)
    try {
      return await use(entropy)
    } finally {
      entropy.fill(0)
    }
  }

  const isRevoked = ({ certificate }: KnownPlace) => revocations.isRevoked(publicKey, certificate.place, certificate.serial)

  /** @throws {MayflyError} ERR_REVOKED */
  async function certify(key: Uint8Array, role: PlaceRole, name: string | undefined, entropy: Uint8Array): Promise<KnownPlace> {
    const known = places.value.get(encodeKeyHex(key))
    const issuedAtMs = now()
    const serial = 1 + (known?.certificate.serial ?? 0)
    if (revocations.isRevoked(publicKey, key, serial))
      throw new MayflyError('ERR_REVOKED', 'This place has been revoked: forget the account there, then add it again')
    const terms = { place: key, role, serial, issuedAtMs, expiresAtMs: issuedAtMs + CERTIFICATE_LIMITS.lifetimeMs }
    const bytes = await signCertificate(accountSigner(entropy), terms)
    const named = name === undefined ? undefined : { name: cleanPlaceName(name), namedAtMs: issuedAtMs }
    const certified = { name: 'a place', namedAtMs: 0, ...known, ...named, certificate: { ...terms, account: publicKey, bytes } }
    await places.change((all) => mergePlaces(all, [certified], place.publicKey, isRevoked))
    return certified
  }

  /** Where this place can, and it is time. */
  async function renewPlace(key: Uint8Array): Promise<void> {
    const known = places.value.get(encodeKeyHex(key))
    const isOwner = record.value?.sealedEntropy !== undefined
    if (!isOwner || known === undefined || isRevoked(known) || !isDue(known.certificate, now())) return
    await lendEntropy('renew a place', (entropy) => certify(key, known.certificate.role, undefined, entropy))
  }

  /** This place's certificate, good now. @throws {MayflyError} ERR_REVOKED, ERR_EXPIRED */
  async function ownCertificate(): Promise<Uint8Array> {
    await renewPlace(place.publicKey)
    const own = places.value.get(encodeKeyHex(place.publicKey))
    if (own === undefined)
      throw new MayflyError('ERR_EXPIRED', 'This place has no certificate of the account: add it again from another place')
    if (isRevoked(own))
      throw new MayflyError(
        'ERR_REVOKED',
        'Another place of the account has revoked this one: forget the account here, then recover or add it again',
      )
    if (own.certificate.expiresAtMs > now()) return own.certificate.bytes
    const ended = new Date(own.certificate.expiresAtMs).toISOString().slice(0, 10)
    throw new MayflyError('ERR_EXPIRED', `This place's certificate ended on ${ended}: add it again from a place with the recovery words`)
  }

  return { lendEntropy, isRevoked, certify, renewPlace, ownCertificate }
}

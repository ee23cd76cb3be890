/**
 * The account as it lives at one place: who it is, what proves its instances' identity, and its places. The account's own secret is in clear
 * only while the account is made, while its words or its file are made, and while a place is certified or revoked.
 */

import { createEmitter } from '../../async/emitter.ts'
import { createRecentMap } from '../../async/recent-map.ts'
import { MayflyError } from '../../errors.ts'
import { equalBytes } from '../../keys/key.ts'
import { encodeKeyHex } from '../../keys/key-text.ts'
import { sealAccountFile } from '../format/account-file.ts'
import { accountSigner, keyIdOf } from '../format/account-key.ts'
import { CERTIFICATE_LIMITS, type PlaceRole } from '../format/certificate.ts'
import { DELEGATION_LIMITS, signDelegation } from '../format/delegation.ts'
import type { IdentityProof } from '../format/identity.ts'
import type { Lifetime } from '../format/lifetime.ts'
import { encodeGrant } from '../format/place-grant.ts'
import { encodeWords } from '../format/recovery-words.ts'
import { signRevocation } from '../format/revocation.ts'
import type { Stretch } from '../format/stretch.ts'
import { signTrust } from '../format/trust-statement.ts'
import type { Account, Place } from '../types.ts'
import { ACCOUNT_FORM } from './account-record.ts'
import { createAccountSync } from './account-sync.ts'
import { createCertification, isDue } from './certification.ts'
import { PLACE_LIMITS, placesForm } from './places.ts'
import { openRevocations } from './revocations.ts'
import type { AccountStore } from './store.ts'
import { openStoredRecord } from './stored-record.ts'

/** Records that the account's file has beside its secret, where they are there. */
export const RECORDS_IN_FILE = ['places', 'revocations', 'contacts']

export interface AccountDependencies {
  /** The network's time, in ms. */
  now(): number
  stretch: Stretch
}

export type OwnAccount = Account & Awaited<ReturnType<typeof openOwnAccount>>

/** Peers of one place for which delegations are remembered. A place has one at a time; a test may have more. */
const DELEGATIONS_KEPT = 8

/**
 * The account of a store.
 *
 * @throws {MayflyError} ERR_NOT_STORED; ERR_BAD_FRAME: a record is damaged
 * @throws TypeError, when the store has no account
 */
export async function openOwnAccount(store: AccountStore, { now, stretch }: AccountDependencies) {
  const record = await openStoredRecord(store, ACCOUNT_FORM)
  const first = record.value
  if (first === undefined) throw new TypeError('There is no account in this store')
  const { publicKey } = first
  const { place } = store
  const placeHex = encodeKeyHex(place.publicKey)
  const places = await openStoredRecord(store, placesForm(publicKey))
  const revocations = await openRevocations(store)
  const changes = createEmitter<void>()
  const stops = [record, places, revocations].map(({ onChange }) => onChange(() => changes.emit()))
  const delegations = createRecentMap<string, Lifetime & { bytes: Promise<Uint8Array> }>({ maxEntries: DELEGATIONS_KEPT })

  const { lendEntropy, isRevoked, certify, renewPlace, ownCertificate } = createCertification({
    store,
    publicKey,
    record,
    places,
    revocations,
    now,
  })

  async function identityFor(peer: string): Promise<IdentityProof> {
    const certificate = await ownCertificate()
    const known = delegations.get(peer)
    if (known !== undefined && !isDue(known, now())) return { certificate, delegation: await known.bytes }
    const issuedAtMs = now()
    const lifetime = { issuedAtMs, expiresAtMs: issuedAtMs + DELEGATION_LIMITS.lifetimeMs }
    const bytes = signDelegation(place, { peer, ...lifetime })
    bytes.catch(() => delegations.delete(peer))
    delegations.set(peer, { ...lifetime, bytes })
    return { certificate, delegation: await bytes }
  }

  const listPlaces = (): Place[] =>
    [...places.value.values()].map((known) => {
      const { place: key, role, serial, expiresAtMs } = known.certificate
      return {
        id: keyIdOf(key),
        name: known.name,
        role,
        serial,
        expiresAtMs,
        isThis: encodeKeyHex(key) === placeHex,
        isRevoked: isRevoked(known),
      }
    })
  const livingPlaces = () => listPlaces().filter((each) => !each.isRevoked && each.expiresAtMs > now())

  return {
    id: keyIdOf(publicKey),
    publicKey,
    isKept: store.isKept,
    /** Of all that belongs to the account here: a guest's is in memory. */
    store,
    revocations,
    sync: createAccountSync({ publicKey, place: place.publicKey, places, revocations, isRevoked }),
    get isOwner() {
      return record.value?.sealedEntropy !== undefined
    },
    get livesInOnePlaceOnly() {
      return livingPlaces().length <= 1
    },
    get isForgotten() {
      return record.value === undefined || !equalBytes(record.value.publicKey, publicKey)
    },
    words: () => lendEntropy('show the recovery words', encodeWords),
    exportFile: (passPhrase: string) =>
      lendEntropy('export the account', async (entropy) => {
        const records = new Map<string, Uint8Array>()
        for (const name of RECORDS_IN_FILE) {
          const bytes = await store.load(name)
          if (bytes !== undefined) records.set(name, bytes)
        }
        return sealAccountFile({ entropy, records }, passPhrase, stretch)
      }),
    places: listPlaces,
    /**
     * Certifies another place, and returns all that makes it one (`adoptAccount`). Send it encrypted only.
     *
     * @param key the new place's public key
     * @throws {MayflyError} ERR_REFUSED, on a place that is no owner; ERR_LIMIT; ERR_REVOKED: the place was revoked before
     */
    grantPlace: (key: Uint8Array, { role, name }: { role: PlaceRole; name: string }) =>
      lendEntropy('add a place', async (entropy) => {
        if (livingPlaces().length >= PLACE_LIMITS.maxPlaces) {
          throw new MayflyError('ERR_LIMIT', `An account has at most ${PLACE_LIMITS.maxPlaces} places: revoke one that is not used`)
        }
        const { certificate, ...named } = await certify(key, role, name, entropy)
        return encodeGrant({ certificate: certificate.bytes, entropy: role === 'owner' ? entropy : undefined, ...named })
      }),
    /** Renews the certificate of a place that is past half of its life, where this place can. */
    renewPlace,
    /** @throws {MayflyError} ERR_REFUSED, on a place that is no owner; ERR_BAD_OPTION: there is no such place */
    revoke: (id: string) =>
      lendEntropy('revoke a place', async (entropy) => {
        const known = [...places.value.values()].find(({ certificate }) => keyIdOf(certificate.place) === id)
        if (known === undefined)
          throw new MayflyError('ERR_BAD_OPTION', 'This account has no such place: expected the id of one of its places')
        const terms = { place: known.certificate.place, serial: CERTIFICATE_LIMITS.maxSerial, atMs: now() }
        await revocations.add(publicKey, [await signRevocation(accountSigner(entropy), terms)])
      }),
    /** Certifies this place, where it has the words and no certificate of an owner's yet. @param name what the place is called then */
    async certifyOwn(name: string): Promise<void> {
      const own = places.value.get(placeHex)
      const isWell = own !== undefined && (isRevoked(own) || own.certificate.role === 'owner')
      if (isWell || record.value?.sealedEntropy === undefined) return
      await lendEntropy('certify this place', (entropy) => certify(place.publicKey, 'owner', own === undefined ? name : undefined, entropy))
    },
    /**
     * The proof that a peer is an instance of this account. It is made anew in time: ask for it whenever it is shown.
     *
     * @throws {MayflyError} ERR_REVOKED, ERR_EXPIRED
     */
    identityFor,
    /** A statement that this account has another one as a contact, for that one to keep. @throws {MayflyError} ERR_REVOKED, ERR_EXPIRED */
    signTrust: async (trusted: Uint8Array) => signTrust(place, { certificate: await ownCertificate(), trusted, atMs: now() }),
    /** Places, revocations, or what this place is, have changed. Returns the function that ends it. */
    onChange: changes.on,
    /** Ends it; the store stays open. */
    close() {
      for (const stop of stops) stop()
      for (const each of [record, places, revocations]) each.close()
    },
  }
}

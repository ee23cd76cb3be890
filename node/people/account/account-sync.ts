/** Exchange of places between instances of one account: certificates, names, and revocations. */

import { concatBytes } from '@noble/hashes/utils.js'
import { MayflyError } from '../../errors.ts'
import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import { equalBytes, sha256AtOnce } from '../../keys/key.ts'
import { encodeKeyHex } from '../../keys/key-text.ts'
import { readBytesUpTo } from '../../network/fields.ts'
import { decodePlace, encodePlace, type KnownPlace, type KnownPlaces, mergePlaces, PLACE_LIMITS } from './places.ts'
import { REVOCATION_LIMITS, type Revocations } from './revocations.ts'
import type { StoredRecord } from './stored-record.ts'

const TYPE = { place: 0, revocation: 1 } as const
const MAX_ENTRY_BYTES = 512
const MAX_ENTRIES = PLACE_LIMITS.maxPlaces + REVOCATION_LIMITS.maxPerAccount

interface SyncedAccount {
  publicKey: Uint8Array
  /** The public key of this place. */
  place: Uint8Array
  places: StoredRecord<KnownPlaces>
  revocations: Revocations
  isRevoked(place: KnownPlace): boolean
}

export function createAccountSync({ publicKey, place, places, revocations, isRevoked }: SyncedAccount) {
  const entries = (): Uint8Array[] => [
    ...[...places.value.values()].map((known) => encodeCanonical([TYPE.place, encodePlace(known)])),
    ...revocations.of(publicKey).map((bytes) => encodeCanonical([TYPE.revocation, bytes])),
  ]
  return {
    /** SHA-256 over all entries, whatever their order: equal where both know the same. */
    digest: (): Uint8Array =>
      sha256AtOnce(
        concatBytes(
          ...entries()
            .map(sha256AtOnce)
            .sort((a, b) => (encodeKeyHex(a) < encodeKeyHex(b) ? -1 : 1)),
        ),
      ),
    /** At most 128, of at most 512 bytes. */
    entries,
    /**
     * Takes what another instance knows. The newest certificate and the newest name of each place count.
     *
     * @throws {MayflyError} ERR_BAD_FRAME, ERR_FORGED, ERR_LIMIT: one of them is none of this account's, and none is taken; ERR_NOT_STORED
     */
    async merge(received: readonly Uint8Array[]): Promise<void> {
      if (received.length > MAX_ENTRIES) throw new MayflyError('ERR_LIMIT', `More than ${MAX_ENTRIES} places and revocations`)
      const opened = received.map(decodeEntry)
      const news = opened.flatMap(({ known }) => known ?? [])
      if (news.some(({ certificate }) => !equalBytes(certificate.account, publicKey))) {
        throw new MayflyError('ERR_FORGED', 'A place of another account')
      }
      const revoked = opened.flatMap(({ revocation }) => revocation ?? [])
      if (revoked.length > 0) await revocations.add(publicKey, revoked)
      if (news.length > 0) await places.change((all) => mergePlaces(all, news, place, isRevoked))
    },
  }
}

function decodeEntry(bytes: Uint8Array): { known?: KnownPlace; revocation?: Uint8Array } {
  return decodeCanonical('a place or a revocation', bytes, MAX_ENTRY_BYTES, (value) => {
    const [type, content] = mustBeArray(value, 2)
    const inner = readBytesUpTo(content, 'entry', MAX_ENTRY_BYTES)
    if (type === TYPE.place) return { known: decodePlace(inner) }
    if (type === TYPE.revocation) return { revocation: inner }
    throw new Error(`type ${String(type)}`)
  })
}

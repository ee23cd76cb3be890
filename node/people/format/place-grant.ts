/** The grant that makes a place of an account out of another browser or node. It holds secrets: it travels encrypted only. The layout is in WIRE.md. */

import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import { readBytes, readBytesUpTo, readInteger, readOptional, readText } from '../../network/fields.ts'
import { ENTROPY_BYTES } from './account-key.ts'
import { MAX_CERTIFICATE_BYTES, openCertificate } from './certificate.ts'

export const MAX_GRANT_BYTES = 1_024

const VERSION = 1
const MAX_NAME_LENGTH = 64

export interface PlaceGrant {
  /** Of the new place, as it travels. */
  certificate: Uint8Array
  /** The account's 16 bytes, for an owner. */
  entropy: Uint8Array | undefined
  /** The name that the place was given, and when. */
  name: string
  namedAtMs: number
}

export function encodeGrant({ certificate, entropy, name, namedAtMs }: PlaceGrant): Uint8Array {
  return encodeCanonical([VERSION, certificate, entropy ?? null, name, namedAtMs])
}

/** @throws {MayflyError} ERR_BAD_FRAME, ERR_FORGED: the certificate's signature is wrong */
export function decodeGrant(bytes: Uint8Array) {
  return decodeCanonical('a grant', bytes, MAX_GRANT_BYTES, (value) => {
    const [version, certificate, entropy, name, namedAtMs] = mustBeArray(value, 5)
    if (version !== VERSION) throw new Error(`version ${String(version)}`)
    return {
      certificate: openCertificate(readBytesUpTo(certificate, 'certificate', MAX_CERTIFICATE_BYTES)),
      entropy: readOptional(entropy, 'entropy', (value, field) => readBytes(value, field, ENTROPY_BYTES)),
      name: readText(name, 'name', MAX_NAME_LENGTH),
      namedAtMs: readInteger(namedAtMs, 'time of the name'),
    }
  })
}

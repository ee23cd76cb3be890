/** The record that tells whose place this is. */

import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import { KEY_BYTES } from '../../keys/key.ts'
import { readBytes, readBytesUpTo, readOptional } from '../../network/fields.ts'
import type { RecordStore } from './record-store.ts'
import { RECORD_LIMITS } from './store.ts'
import type { RecordForm } from './stored-record.ts'

export interface AccountRecord {
  publicKey: Uint8Array
  /** The 16 bytes, sealed by the store; undefined on a place that is a device. */
  sealedEntropy: Uint8Array | undefined
}

const VERSION = 1
const MAX_SEALED_BYTES = 256

/** True when the store has an account. */
export async function isAccountKept(store: RecordStore): Promise<boolean> {
  return (await store.load(ACCOUNT_FORM.name)) !== undefined
}

export const ACCOUNT_FORM: RecordForm<AccountRecord | undefined> = {
  name: 'account',
  decode(bytes) {
    if (bytes === undefined) return undefined
    return decodeCanonical('the record of an account', bytes, RECORD_LIMITS.maxBytes, (value) => {
      const [version, publicKey, sealed] = mustBeArray(value, 3)
      if (version !== VERSION) throw new Error(`version ${String(version)}`)
      const read = (entropy: unknown, name: string) => readBytesUpTo(entropy, name, MAX_SEALED_BYTES)
      return { publicKey: readBytes(publicKey, 'public key', KEY_BYTES), sealedEntropy: readOptional(sealed, 'sealed entropy', read) }
    })
  },
  encode(record) {
    if (record === undefined) throw new TypeError('An account is forgotten by clearing its store')
    return encodeCanonical([VERSION, record.publicKey, record.sealedEntropy ?? null])
  },
}

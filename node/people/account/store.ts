/** The store of an account at one place: small named records, the place's own key, and a seal for what only this place may read. */

import { createEmitter } from '../../async/emitter.ts'
import { MayflyError } from '../../errors.ts'
import { createSigningSecret } from '../../keys/signing.ts'
import { type Signer, signerOf } from '../format/signed-form.ts'
import type { RecordStore } from './record-store.ts'

export const RECORD_LIMITS = {
  /** The largest record, in bytes. */
  maxBytes: 4_194_304,
  maxNameLength: 32,
} as const

/** Its `change` refuses records that are too large (ERR_TOO_LARGE), and names of another form: a-z, 0-9 and - (ERR_BAD_OPTION). */
export interface AccountStore extends RecordStore {
  /** False when all ends with the process or the page. */
  readonly isKept: boolean
  /** The key of this place, made with the store; its secret does not leave it. */
  readonly place: Signer
  /** Encrypts for this place, where it has a key for that; a store whose files nobody else may read returns the secret itself. */
  seal(secret: Uint8Array): Promise<Uint8Array>
  /** @throws {MayflyError} ERR_DAMAGED */
  unseal(sealed: Uint8Array): Promise<Uint8Array>
  /** Forgets all: records, and the keys of this place. The store is closed then. */
  clear(): Promise<void>
  close(): Promise<void>
}

const NAME_FORM = /^[a-z0-9-]{1,32}$/

/** Checks that every store makes. @throws {MayflyError} ERR_BAD_OPTION, ERR_TOO_LARGE */
export function checkRecord(name: string, bytes?: Uint8Array): void {
  if (typeof name !== 'string' || !NAME_FORM.test(name)) {
    throw new MayflyError('ERR_BAD_OPTION', `Not a record's name: 1 to ${RECORD_LIMITS.maxNameLength} of a-z, 0-9 and - were expected`)
  }
  if (bytes === undefined) return
  if (!(bytes instanceof Uint8Array)) throw new MayflyError('ERR_BAD_OPTION', `Cannot store the record ${name}: a Uint8Array was expected`)
  const { maxBytes } = RECORD_LIMITS
  if (bytes.byteLength <= maxBytes) return
  throw new MayflyError('ERR_TOO_LARGE', `Cannot store the record ${name}: ${bytes.byteLength} bytes are over the limit of ${maxBytes}`)
}

/** Records that end with the process: a guest's. */
export function createMemoryAccountStore(): AccountStore {
  /** Bounded by the names that the account uses. */
  const records = new Map<string, Uint8Array>()
  const changes = createEmitter<string>()
  return {
    isKept: false,
    place: signerOf(createSigningSecret()),
    async load(name) {
      checkRecord(name)
      return records.get(name)?.slice()
    },
    async change(name, update) {
      checkRecord(name)
      const before = records.get(name)
      const bytes = update(before?.slice())
      if (bytes === undefined) return before?.slice()
      checkRecord(name, bytes)
      records.set(name, Uint8Array.from(bytes))
      changes.emit(name)
      return bytes
    },
    seal: async (secret) => secret.slice(),
    unseal: async (sealed) => sealed.slice(),
    onChange: changes.on,
    async clear() {
      const names = [...records.keys()]
      records.clear()
      for (const name of names) changes.emit(name)
    },
    close: async () => {},
  }
}

/** The account in a file, sealed with a pass phrase: its 16 bytes, and records of the store beside them. Pure; the layout is in WIRE.md. */

import { utf8ToBytes } from '@noble/hashes/utils.js'
import { MayflyError } from '../../errors.ts'
import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import { readBytes, readBytesUpTo, readInteger, readText } from '../../network/fields.ts'
import { ENTROPY_BYTES } from './account-key.ts'
import type { Stretch, StretchCost } from './stretch.ts'

export const ACCOUNT_FILE_LIMITS = {
  /** The largest file, in bytes: an account with the most contacts has half of it. */
  maxBytes: 8_388_608,
  /** Characters of a pass phrase. A thief of the file may guess for as long as they like. */
  minPassPhraseLength: 8,
  maxPassPhraseLength: 1_024,
} as const

/** 128 MiB, and about a second on a phone, for each guess. @see https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
const COST: StretchCost = { log2N: 17, r: 8, p: 1 }
/** A file may ask for this much at most: 256 MiB. */
const MAX_COST: StretchCost = { log2N: 18, r: 8, p: 1 }

const MAGIC = 'mayfly-account'
const VERSION = 1
const SALT_BYTES = 16
const NONCE_BYTES = 24
const MAX_NAME_LENGTH = 32

export interface AccountFileContent {
  entropy: Uint8Array
  /** By name. */
  records: ReadonlyMap<string, Uint8Array>
}

/** @throws {MayflyError} ERR_BAD_OPTION: the pass phrase is too short; ERR_TOO_LARGE */
export async function sealAccountFile(content: AccountFileContent, passPhrase: string, stretch: Stretch): Promise<Uint8Array> {
  const secret = cleanPassPhrase(passPhrase)
  const salt = randomBytes(SALT_BYTES)
  const nonce = randomBytes(NONCE_BYTES)
  const header = [MAGIC, VERSION, COST.log2N, COST.r, COST.p, salt, nonce]
  const records = [...content.records].sort(([a], [b]) => (a < b ? -1 : 1))
  const plain = encodeCanonical([content.entropy, records])
  const cipher = await cipherOf(await stretch(secret, salt, COST), nonce, header)
  const bytes = encodeCanonical([...header, cipher.encrypt(plain)])
  plain.fill(0)
  if (bytes.byteLength <= ACCOUNT_FILE_LIMITS.maxBytes) return bytes
  throw new MayflyError('ERR_TOO_LARGE', `The account's file would have ${bytes.byteLength} bytes, over ${ACCOUNT_FILE_LIMITS.maxBytes}`)
}

/** @throws {MayflyError} ERR_BAD_OPTION: this is no account file; ERR_WRONG_PASS_PHRASE: another one, or the file was changed */
export async function openAccountFile(bytes: Uint8Array, passPhrase: string, stretch: Stretch): Promise<AccountFileContent> {
  const { cost, salt, nonce, sealed, header } = readFile(bytes)
  const cipher = await cipherOf(await stretch(cleanPassPhrase(passPhrase), salt, cost), nonce, header)
  let plain: Uint8Array
  try {
    plain = cipher.decrypt(sealed)
  } catch (cause) {
    const reason = 'another one has sealed it, or the file was changed since'
    throw new MayflyError('ERR_WRONG_PASS_PHRASE', `This pass phrase does not open the file: ${reason}`, { cause })
  }
  return decodeCanonical('an account', plain, bytes.byteLength, (value) => {
    const [entropy, records] = mustBeArray(value, 2)
    if (!Array.isArray(records)) throw new Error('records were expected')
    const read = records.map((record): [string, Uint8Array] => {
      const [name, content] = mustBeArray(record, 2)
      return [readText(name, 'name', MAX_NAME_LENGTH), readBytesUpTo(content, 'record', bytes.byteLength)]
    })
    return { entropy: readBytes(entropy, 'entropy', ENTROPY_BYTES), records: new Map(read) }
  })
}

function readFile(bytes: Uint8Array) {
  try {
    return decodeCanonical('an account file', bytes, ACCOUNT_FILE_LIMITS.maxBytes, (value) => {
      const [magic, version, log2N, r, p, salt, nonce, sealed] = mustBeArray(value, 8)
      if (magic !== MAGIC) throw new Error(`${MAGIC} was expected`)
      if (version !== VERSION) throw new Error(`version ${String(version)}`)
      const cost = {
        log2N: readInteger(log2N, 'cost', MAX_COST.log2N),
        r: readInteger(r, 'cost', MAX_COST.r),
        p: readInteger(p, 'cost', MAX_COST.p),
      }
      if (cost.log2N < COST.log2N || cost.r !== COST.r || cost.p !== COST.p) throw new Error('a cost that is too small')
      return {
        cost,
        salt: readBytes(salt, 'salt', SALT_BYTES),
        nonce: readBytes(nonce, 'nonce', NONCE_BYTES),
        sealed: readBytesUpTo(sealed, 'sealed account', bytes.byteLength),
        header: [magic, version, log2N, r, p, salt, nonce],
      }
    })
  } catch (cause) {
    throw new MayflyError('ERR_BAD_OPTION', 'This is not an account file, or not the whole of it, or one of a newer mayfly', { cause })
  }
}

/** The same on every keyboard: one form of each character. Spaces and capitals count. */
function cleanPassPhrase(passPhrase: string): Uint8Array {
  const clean = passPhrase.normalize('NFKC')
  const { length } = [...clean]
  const { minPassPhraseLength, maxPassPhraseLength } = ACCOUNT_FILE_LIMITS
  if (length >= minPassPhraseLength && length <= maxPassPhraseLength && clean.isWellFormed()) return utf8ToBytes(clean)
  throw new MayflyError(
    'ERR_BAD_OPTION',
    `A pass phrase has ${minPassPhraseLength} to ${maxPassPhraseLength} characters; this one has ${length}`,
  )
}

async function cipherOf(key: Uint8Array, nonce: Uint8Array, header: readonly unknown[]) {
  const { xchacha20poly1305 } = await import('@noble/ciphers/chacha.js')
  return xchacha20poly1305(key, nonce, encodeCanonical(header))
}

function randomBytes(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length))
}

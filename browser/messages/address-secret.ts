/** The secret of an address, as text that a person can take to another browser: base32 of the secret and a checksum, behind a word. */

import { base32 } from 'multiformats/bases/base32'
import { hashnameOf, type MessageSecret, publicKeyOf, sha256 } from '../../node/index.ts'
import type { ReceiverRecords } from './receiver-records.ts'

const PREFIX = 'mayfly-address-'
const SECRET_BYTES = 32
/** With them the text has 56 characters of base32, and no bit is left over. */
const CHECK_BYTES = 3
/** Keeps the checksum from being a part of any other hash of the secret. */
const CHECK_DOMAIN = new TextEncoder().encode('mayfly-address-check:')

/** Why a text brings no address: it is not one's secret, or it is the secret of the address that is here. */
export type AddressProblem = 'unreadable' | 'same'

export async function encodeAddressSecret(secret: MessageSecret): Promise<string> {
  return PREFIX + base32.baseEncode(new Uint8Array([...secret, ...(await checkOf(secret))]))
}

/** Capital letters, white space and line ends that came with a copy do not matter. Undefined when a character is wrong, missing or too many. */
export async function decodeAddressSecret(text: string): Promise<MessageSecret | undefined> {
  const compact = text.replace(/\s+/g, '').toLowerCase()
  if (!/^mayfly-address-[a-z2-7]{56}$/.test(compact)) return undefined
  const bytes = base32.baseDecode(compact.slice(PREFIX.length))
  const secret = bytes.slice(0, SECRET_BYTES)
  const check = await checkOf(secret)
  return check.every((byte, i) => byte === bytes[SECRET_BYTES + i]) ? secret : undefined
}

async function checkOf(secret: MessageSecret): Promise<Uint8Array> {
  return (await sha256(new Uint8Array([...CHECK_DOMAIN, ...secret]))).subarray(0, CHECK_BYTES)
}

/** Takes the address of this origin to another browser, and that of another browser here. */
export class AddressSecret {
  readonly #secret: MessageSecret
  readonly #records: Pick<ReceiverRecords, 'replaceSecret'>

  constructor(secret: MessageSecret, records: Pick<ReceiverRecords, 'replaceSecret'>) {
    this.#secret = secret
    this.#records = records
  }

  text(): Promise<string> {
    return encodeAddressSecret(this.#secret)
  }

  /** Reads the text of another address: its hashname, and the function that puts it in the place of this one. */
  async read(text: string): Promise<{ hashname: string; adopt(): Promise<void> } | AddressProblem> {
    const secret = await decodeAddressSecret(text)
    if (secret === undefined) return 'unreadable'
    if (secret.every((byte, i) => byte === this.#secret[i])) return 'same'
    return { hashname: hashnameOf(publicKeyOf(secret)), adopt: () => this.#records.replaceSecret(secret) }
  }
}

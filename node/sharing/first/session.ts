/**
 * The encryption of the first stage: between a receiver that has loaded no peer yet and the sharer, through a gateway that sees none of it. One
 * key agreement on P-256, which every WebCrypto has (X25519 is missing in browsers of before 2025), mixed with the link's secret. Layout: WIRE.md.
 * The first script of a document opens one as text, so this imports next to nothing.
 */

import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { MayflyError } from '../../errors.ts'
import type { Ends } from '../format/share-keys.ts'
import type { LinkSecrets } from '../format/share-link.ts'
import { createFirstKeys, FIRST_VERSION, type FirstKeys } from './first-keys.ts'

/** A point of P-256, not compressed. */
export const FIRST_KEY_BYTES = 65
export const TAG_BYTES = 16

const CURVE = { name: 'ECDH', namedCurve: 'P-256' } as const
const AGREED_BITS = 256
const KEY_BYTES = 32
const NONCE_BYTES = 12
const DOMAIN = utf8ToBytes('mayfly-share-first:')
const INFO = utf8ToBytes('mayfly-share-first keys')

/** Records of one session: each direction has a key and a counter of its own, so none can be repeated, left out or turned back. */
export interface FirstSession {
  /** The names that the two ends have in the proofs of the share, in place of peer ids: they are those of this session alone. */
  readonly ends: Ends
  /** Called in the order in which the records are sent. */
  seal(bytes: Uint8Array): Promise<Uint8Array>
  /** Called in the order in which they come. @throws {MayflyError} ERR_FORGED */
  open(record: Uint8Array): Promise<Uint8Array>
}

/** False for a page by plain http from another machine. */
export const hasFirstStage = (): boolean => globalThis.crypto?.subtle !== undefined

/** Key pairs that are made ahead, one for the next visitor: making one takes longer than all else. */
export function createFirstKeyStock(): () => Promise<FirstKeys> {
  let next: Promise<FirstKeys> | undefined
  return () => {
    const keys = next ?? createFirstKeys()
    next = keys.then(createFirstKeys)
    next.catch(() => {
      next = undefined
    })
    return keys
  }
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeFirstKey(message: Uint8Array): Uint8Array {
  if (message.byteLength === 1 + FIRST_KEY_BYTES && message[0] === FIRST_VERSION) return message.slice(1)
  throw new MayflyError('ERR_BAD_FRAME', `Not the key of a first stage of version ${FIRST_VERSION}`)
}

/** @throws {MayflyError} ERR_BAD_FRAME: the other end's key is no point of the curve */
export async function openFirstSession(
  side: 'sharer' | 'receiver',
  own: FirstKeys,
  other: Uint8Array,
  { id, secret }: LinkSecrets,
): Promise<FirstSession> {
  const [sharerKey, receiverKey] = side === 'sharer' ? [own.publicKey, other] : [other, own.publicKey]
  const [salt, owner, visitor, agreed] = await Promise.all([
    digest(concatBytes(DOMAIN, Uint8Array.of(FIRST_VERSION), id, sharerKey, receiverKey)),
    endName(sharerKey),
    endName(receiverKey),
    agree(own.privateKey, other),
  ])
  const material = await crypto.subtle.importKey('raw', owned(concatBytes(agreed, secret)), 'HKDF', false, ['deriveBits'])
  const parameters = { name: 'HKDF', hash: 'SHA-256', salt: owned(salt), info: owned(INFO) }
  const keys = new Uint8Array(await crypto.subtle.deriveBits(parameters, material, 16 * KEY_BYTES))
  const importKey = (at: number) => crypto.subtle.importKey('raw', keys.slice(at, at + KEY_BYTES), 'AES-GCM', false, ['encrypt', 'decrypt'])
  const [fromReceiver, fromSharer] = await Promise.all([importKey(0), importKey(KEY_BYTES)])
  const [sending, coming] = side === 'sharer' ? [fromSharer, fromReceiver] : [fromReceiver, fromSharer]
  let sent = 0
  let opened = 0
  return {
    ends: { visitor, owner },
    async seal(bytes) {
      return new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonceOf(sent++) }, sending, owned(bytes)))
    },
    async open(record) {
      try {
        return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: nonceOf(opened++) }, coming, owned(record)))
      } catch (cause) {
        throw new MayflyError('ERR_FORGED', 'A record of a first stage is not of the other end', { cause })
      }
    },
  }
}

async function agree(privateKey: CryptoKey, other: Uint8Array): Promise<Uint8Array> {
  try {
    const publicKey = await crypto.subtle.importKey('raw', owned(other), CURVE, false, [])
    return new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: publicKey }, privateKey, AGREED_BITS))
  } catch (cause) {
    throw new MayflyError('ERR_BAD_FRAME', 'The key of a first stage is no point of its curve', { cause })
  }
}

const digest = async (bytes: Uint8Array) => new Uint8Array(await crypto.subtle.digest('SHA-256', owned(bytes)))

/** No peer id has this form. */
const endName = async (publicKey: Uint8Array) => `first:${bytesToHex(await digest(publicKey))}`

function nonceOf(counter: number): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(NONCE_BYTES)
  new DataView(nonce.buffer).setBigUint64(NONCE_BYTES - 8, BigInt(counter))
  return nonce
}

/** As WebCrypto's types want it: none of these is over shared memory. */
const owned = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>

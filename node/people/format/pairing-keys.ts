/** Computations of a pairing: the names that the key exchange binds, the seal of the cards, the work of a guess, the verification words. Pure. */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { MayflyError } from '../../errors.ts'
import { sha256AtOnce } from '../../keys/index.ts'
import { lvCat } from './cpace.ts'
import { COMMITMENT_BYTES, PAIRING_VERSION, WORK_BYTES } from './pairing-frames.ts'
import type { SecretKind } from './token.ts'

/** Frames that have a card: each is sealed with a key of its own. */
export type CardFrame = 'confirm' | 'accept' | 'done'

const CONTEXT_DOMAIN = utf8ToBytes('mayfly-pairing')
const COMMITMENT_DOMAIN = utf8ToBytes('mayfly-pairing-commitment:')
const WORK_DOMAIN = utf8ToBytes('mayfly-pairing-work:')
const WORDS_DOMAIN = utf8ToBytes('mayfly-pairing-words:')
const SEAL_DOMAINS = {
  confirm: utf8ToBytes('mayfly-pairing-confirm:'),
  accept: utf8ToBytes('mayfly-pairing-accept:'),
  done: utf8ToBytes('mayfly-pairing-done:'),
}
/** A key seals one card: it is of this exchange and this frame alone. */
const NONCE = new Uint8Array(12)

/** Associated data of the key exchange: the peer that a share is of, as its way has proven it. */
export const associatedOf = (peer: string): Uint8Array => utf8ToBytes(peer)

/** The purpose of the key exchange. */
export const contextOf = (kind: SecretKind, form: 'token' | 'code'): Uint8Array =>
  lvCat(CONTEXT_DOMAIN, Uint8Array.of(PAIRING_VERSION), utf8ToBytes(kind), utf8ToBytes(form))

/** The issuer is bound to its share before it sees the claimer's: it cannot look for one that gives wanted verification words. */
export function commitmentTo(share: Uint8Array, sessionId: Uint8Array): Uint8Array {
  return sha256AtOnce(concatBytes(COMMITMENT_DOMAIN, sessionId, share)).slice(0, COMMITMENT_BYTES)
}

export function sealCard(key: Uint8Array, frame: CardFrame, card: Uint8Array): Uint8Array {
  return chacha20poly1305(sealKey(key, frame), NONCE).encrypt(card)
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function openCard(key: Uint8Array, frame: CardFrame, sealed: Uint8Array): Uint8Array {
  try {
    return chacha20poly1305(sealKey(key, frame), NONCE).decrypt(sealed)
  } catch (cause) {
    throw new MayflyError('ERR_BAD_FRAME', 'Card of a pairing is not sealed by the other end', { cause })
  }
}

const sealKey = (key: Uint8Array, frame: CardFrame) => sha256AtOnce(concatBytes(SEAL_DOMAINS[frame], key))

/** The bytes that a claimer of a code does its work on: for this issuer, this claimer and this exchange. */
export function workSubject(issuer: string, claimer: string, sessionId: Uint8Array): Uint8Array {
  return sha256AtOnce(concatBytes(WORK_DOMAIN, lvCat(associatedOf(issuer), associatedOf(claimer), sessionId)))
}

/** True when the SHA-256 of subject and work begins with so many zero bits. */
export function isWorkDone(subject: Uint8Array, bits: number, work: Uint8Array): boolean {
  const hash = sha256AtOnce(concatBytes(subject, work))
  const head = new DataView(hash.buffer, hash.byteOffset).getUint32(0)
  return bits === 0 || head >>> (32 - bits) === 0
}

export function workOf(counter: number): Uint8Array {
  const work = new Uint8Array(WORK_BYTES)
  new DataView(work.buffer).setBigUint64(0, BigInt(counter))
  return work
}

export interface WordsSubject {
  claimerShare: Uint8Array
  issuerShare: Uint8Array
  key: Uint8Array
}

/** Four words of 11 bits each, the same on both sides unless somebody stands between them. */
export function verificationWords(
  { claimerShare, issuerShare, key }: WordsSubject,
  accounts: readonly [Uint8Array, Uint8Array],
  list: readonly string[],
): string[] {
  const sorted = [...accounts].sort(compareBytes)
  const hash = sha256AtOnce(concatBytes(WORDS_DOMAIN, lvCat(...sorted, claimerShare, issuerShare, key)))
  const number = new DataView(hash.buffer, hash.byteOffset).getBigUint64(0)
  return [53n, 42n, 31n, 20n].map((shift) => list[Number((number >> shift) & 0x7ffn)] as string)
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number)
  return 0
}

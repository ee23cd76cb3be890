/** Computations of a pairing: the names that the key exchange binds, the seal of the cards, the work of a guess, the verification words. Pure. */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { MayflyError } from '../../errors.ts'
import { sha256AtOnce } from '../../keys/index.ts'
import { lvCat } from './cpace.ts'
import { COMMITMENT_BYTES, PAIRING_VERSION, type PairingFrame, WORK_BYTES } from './pairing-frames.ts'
import type { PairingKind } from './token.ts'

/** One end of a pairing, as its session has proven it. */
export interface PairingEnd {
  peer: string
  account: Uint8Array
  place: Uint8Array
}

export type PairingRole = 'claimer' | 'issuer'

const CONTEXT_DOMAIN = utf8ToBytes('mayfly-pairing')
const COMMITMENT_DOMAIN = utf8ToBytes('mayfly-pairing-commitment:')
const WORK_DOMAIN = utf8ToBytes('mayfly-pairing-work:')
const WORDS_DOMAIN = utf8ToBytes('mayfly-pairing-words:')
const SEAL_DOMAINS = { claimer: utf8ToBytes('mayfly-pairing-claimer:'), issuer: utf8ToBytes('mayfly-pairing-issuer:') }
/** A key seals one card: it is of this exchange and this side alone. */
const NONCE = new Uint8Array(12)

/** Associated data of the key exchange: whom a share is of. */
export const associatedOf = ({ peer, account, place }: PairingEnd): Uint8Array => lvCat(utf8ToBytes(peer), account, place)

/** The purpose of the key exchange. */
export const contextOf = (kind: PairingKind, form: 'token' | 'code'): Uint8Array =>
  lvCat(CONTEXT_DOMAIN, Uint8Array.of(PAIRING_VERSION), utf8ToBytes(kind), utf8ToBytes(form))

/** The issuer is bound to its share before it sees the claimer's: it cannot look for one that gives wanted verification words. */
export function commitmentTo(share: Uint8Array, sessionId: Uint8Array): Uint8Array {
  return sha256AtOnce(concatBytes(COMMITMENT_DOMAIN, sessionId, share)).slice(0, COMMITMENT_BYTES)
}

export function sealCard(key: Uint8Array, from: PairingRole, card: Uint8Array): Uint8Array {
  return chacha20poly1305(sealKey(key, from), NONCE).encrypt(card)
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function openCard(key: Uint8Array, from: PairingRole, sealed: Uint8Array): Uint8Array {
  try {
    return chacha20poly1305(sealKey(key, from), NONCE).decrypt(sealed)
  } catch (cause) {
    throw new MayflyError('ERR_BAD_FRAME', 'Card of a pairing is not sealed by the other end', { cause })
  }
}

const sealKey = (key: Uint8Array, from: PairingRole) => sha256AtOnce(concatBytes(SEAL_DOMAINS[from], key))

/** The bytes that a claimer of a code does its work on: for this issuer, this claimer and this exchange. */
export function workSubject(issuer: PairingEnd, claimer: PairingEnd, sessionId: Uint8Array): Uint8Array {
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
  accounts: readonly [Uint8Array, Uint8Array]
  claimerShare: Uint8Array
  issuerShare: Uint8Array
  key: Uint8Array
}

/** Four words of 11 bits each, the same on both sides unless somebody stands between them. */
export function verificationWords({ accounts, claimerShare, issuerShare, key }: WordsSubject, list: readonly string[]): string[] {
  const sorted = [...accounts].sort(compareBytes)
  const hash = sha256AtOnce(concatBytes(WORDS_DOMAIN, lvCat(...sorted, claimerShare, issuerShare, key)))
  const number = new DataView(hash.buffer, hash.byteOffset).getBigUint64(0)
  return [53n, 42n, 31n, 20n].map((shift) => list[Number((number >> shift) & 0x7ffn)] as string)
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number)
  return 0
}

export type Challenge = Extract<PairingFrame, { type: 'challenge' }>

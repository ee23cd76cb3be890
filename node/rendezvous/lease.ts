/** Leases: a holder's signed, expiring word that it holds a key and at which home it is found. Pure; the wire page is WIRE.md. */

import type { PeerId, PrivateKey } from '@libp2p/interface'
import { peerIdFromMultihash, peerIdFromString } from '@libp2p/peer-id'
import { concatBytes } from '@noble/hashes/utils.js'
import { decode, encode } from 'cborg'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { MayflyError } from '../errors.ts'
import { KEY_BYTES } from '../keys/index.ts'
import type { Key } from '../types.ts'

export interface Lease {
  key: Key
  /** Peer id of the holder, text form; its public key is inside it. */
  holder: string
  /** Peer id of the node that answers for the holder. */
  home: string
  issuedAtMs: number
  expiresAtMs: number
  /** The signed form, as it travels. */
  bytes: Uint8Array
}

export const LEASE_DEFAULTS = {
  /** How long a lease is valid when it is not renewed, in ms. */
  lifetimeMs: 600_000, // a holder renews at half of it; a lost home costs at most this
  /** How far two clocks may be apart, in ms. */
  maxSkewMs: 60_000,
}

export type LeaseOptions = Partial<typeof LEASE_DEFAULTS>

/** A signed lease is at most this long, in bytes: 32 of key, two peer ids of 38, two times, 64 of signature, and what holds them together. */
export const MAX_LEASE_BYTES = 256

const LEASE_VERSION = 1
/** Keeps a lease's signature from ever being valid for anything else that the same key signs. */
const SIGNATURE_DOMAIN = new TextEncoder().encode('mayfly-lease:')

/** How leases are read and checked where they come from others. */
export interface LeaseCodec {
  /** @throws {MayflyError} ERR_BAD_FRAME */
  decode(bytes: Uint8Array): Lease
  /** True when the holder signed exactly this. */
  isSigned(lease: Lease): Promise<boolean>
}

/** The terms that a holder signs. */
export interface LeaseTerms<Name = PeerId> extends Pick<Lease, 'key' | 'issuedAtMs' | 'expiresAtMs'> {
  home: Name
}

export async function signLease(
  holder: PeerId,
  privateKey: PrivateKey,
  { key, home, issuedAtMs, expiresAtMs }: LeaseTerms,
): Promise<Lease> {
  const payload = encode([LEASE_VERSION, key, holder.toMultihash().bytes, home.toMultihash().bytes, issuedAtMs, expiresAtMs])
  const signature = await privateKey.sign(concatBytes(SIGNATURE_DOMAIN, payload))
  return { key, holder: holder.toString(), home: home.toString(), issuedAtMs, expiresAtMs, bytes: encode([payload, signature]) }
}

/**
 * Reads a lease and its terms, without asking whether the signature is right.
 *
 * @throws {MayflyError} ERR_BAD_FRAME
 */
export function decodeLease(bytes: Uint8Array): Lease {
  try {
    const [payload] = readSigned(bytes)
    const terms = decode(payload, { strict: true }) as unknown[]
    if (terms.length !== 6) throw new Error('six entries')
    const [version, key, holder, home, issuedAtMs, expiresAtMs] = terms
    if (version !== LEASE_VERSION) throw new Error(`version ${String(version)}`)
    if (!(key instanceof Uint8Array) || key.byteLength !== KEY_BYTES) throw new Error('key')
    if (!(holder instanceof Uint8Array) || !(home instanceof Uint8Array)) throw new Error('peer ids')
    if (!Number.isSafeInteger(issuedAtMs) || !Number.isSafeInteger(expiresAtMs)) throw new Error('times')
    return {
      key: key.slice(),
      holder: readPeerId(holder).toString(),
      home: readPeerId(home).toString(),
      issuedAtMs: issuedAtMs as number,
      expiresAtMs: expiresAtMs as number,
      bytes: bytes.slice(),
    }
  } catch (cause) {
    throw new MayflyError('ERR_BAD_FRAME', `Not a lease: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function readSigned(bytes: Uint8Array): [payload: Uint8Array, signature: Uint8Array] {
  if (bytes.byteLength > MAX_LEASE_BYTES) throw new Error(`longer than ${MAX_LEASE_BYTES} bytes`)
  const signed = decode(bytes, { strict: true }) as unknown[]
  const [payload, signature] = signed
  if (signed.length !== 2 || !(payload instanceof Uint8Array) || !(signature instanceof Uint8Array))
    throw new Error('payload and signature')
  return [payload, signature]
}

/** Only Ed25519: its public key is in the peer id, so that a signature can be checked with nothing else at hand. */
export function readPeerId(multihash: Uint8Array): PeerId {
  const peer = peerIdFromMultihash(decodeDigest(multihash))
  if (peer.type !== 'Ed25519') throw new Error(`a peer id of type ${peer.type}`)
  return peer
}

/** The other way: what travels for a peer id in text form. */
export function multihashOfPeer(peer: string): Uint8Array {
  return peerIdFromString(peer).toMultihash().bytes
}

/**
 * How long a lease is still good, in ms, by the first of these clocks that believes its terms; or why none does, by the first clock's view.
 *
 * @param timesMs the network's time, and this machine's where it is another
 */
export function judgeTerms(lease: Lease, timesMs: readonly number[], options: LeaseOptions = {}): number | 'expired' | 'clock' {
  let refusal: 'expired' | 'clock' | undefined
  for (const nowMs of timesMs) {
    const reason = refuseTerms(lease, nowMs, options)
    if (reason === undefined) return lease.expiresAtMs - nowMs
    refusal ??= reason
  }
  return refusal ?? 'clock'
}

/** Why the terms of a lease cannot be believed now, or undefined when they can. `nowMs` is this peer's clock. */
export function refuseTerms(lease: Lease, nowMs: number, options: LeaseOptions = {}): 'expired' | 'clock' | undefined {
  const { lifetimeMs, maxSkewMs } = { ...LEASE_DEFAULTS, ...options }
  if (lease.expiresAtMs <= nowMs) return 'expired'
  if (lease.issuedAtMs > nowMs + maxSkewMs || lease.expiresAtMs > nowMs + lifetimeMs + maxSkewMs) return 'clock'
  return undefined
}

/** True when the holder signed exactly this. */
export async function isLeaseSigned(lease: Lease): Promise<boolean> {
  try {
    const [payload, signature] = readSigned(lease.bytes)
    const holder = (decode(payload, { strict: true }) as unknown[])[2] as Uint8Array
    const peer = readPeerId(holder)
    return (await peer.publicKey?.verify(concatBytes(SIGNATURE_DOMAIN, payload), signature)) === true
  } catch {
    return false
  }
}

export const LEASE_CODEC: LeaseCodec = { decode: decodeLease, isSigned: isLeaseSigned }

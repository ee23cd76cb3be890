/**
 * Secrets of rooms, made of a name and a password; the key at which a room's members meet, and the proofs by which they know each other. WIRE.md
 * has the bytes.
 */

import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { MayflyError } from '../../errors.ts'
import { equalBytes, sha256AtOnce } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import { type Stretch, stretch as stretchHere } from '../format/stretch.ts'
import type { RoomProof } from '../way/types.ts'

export const ROOM_LIMITS = {
  /** Characters of a room's name. */
  maxNameLength: 64,
  /** Characters of a room's password. */
  maxPasswordLength: 256,
  /** Rooms that one peer is in at once. */
  maxRooms: 64,
}

/**
 * The key of a room is public, so it can be guessed at: 32 MiB and about a tenth of a second for each try. It is the strongest cost that a phone's
 * page bears without a worker.
 */
const PASSWORD_COST = { log2N: 15, r: 8, p: 1 }

const SECRET_DOMAIN = utf8ToBytes('mayfly-room:')
const KEY_DOMAIN = utf8ToBytes('mayfly-room-key:')
const PROOF_DOMAIN = utf8ToBytes('mayfly-room-proof:')

/** Control, format and private characters, and half surrogates. */
const NOT_IN_A_NAME = /\p{C}/u

/** A room's secret: 32 bytes that each member has. */
export type RoomSecret = Uint8Array

/** The name in the one form that all members hash. @throws {MayflyError} ERR_BAD_OPTION */
export function cleanRoomName(name: string): string {
  const clean = name.normalize('NFC').trim()
  const { length } = [...clean]
  const { maxNameLength } = ROOM_LIMITS
  if (length >= 1 && length <= maxNameLength && !NOT_IN_A_NAME.test(clean)) return clean
  throw new MayflyError('ERR_BAD_OPTION', `Not a room's name: expected 1 to ${maxNameLength} characters without control characters`)
}

/** @throws {MayflyError} ERR_BAD_OPTION */
export async function createRoomSecret(name: string, password?: string, stretch: Stretch = stretchHere): Promise<RoomSecret> {
  const salt = concatBytes(SECRET_DOMAIN, utf8ToBytes(cleanRoomName(name)))
  if (password === undefined) return sha256AtOnce(salt)
  const clean = password.normalize('NFC')
  const { length } = [...clean]
  const { maxPasswordLength } = ROOM_LIMITS
  if (length < 1 || length > maxPasswordLength || !clean.isWellFormed()) {
    const form = `expected 1 to ${maxPasswordLength} characters; leave it out for a room that is open to all`
    throw new MayflyError('ERR_BAD_OPTION', `Not a room's password: ${form}`)
  }
  return stretch(utf8ToBytes(clean), salt, PASSWORD_COST)
}

/** The key that the room's members hold. It tells nothing about the secret but a guess's rightness. */
export function roomKeyOf(secret: RoomSecret): Key {
  return sha256AtOnce(concatBytes(KEY_DOMAIN, secret))
}

/**
 * Proves to one peer that another one knows the secret. Peer ids are in text form; both are proven by the stream's handshake, so that a proof is of
 * no use to anybody who saw it.
 */
export function proveRoom(secret: RoomSecret, prover: string, verifier: string): RoomProof {
  const room = roomKeyOf(secret)
  return { room, proof: proofOf(secret, room, prover, verifier) }
}

export function isRoomProven(secret: RoomSecret, { room, proof }: RoomProof, prover: string, verifier: string): boolean {
  return equalBytes(room, roomKeyOf(secret)) && equalBytes(proof, proofOf(secret, room, prover, verifier))
}

function proofOf(secret: RoomSecret, room: Key, prover: string, verifier: string): Uint8Array {
  const peers = [prover, verifier].map((peer) => sha256AtOnce(utf8ToBytes(peer)))
  return hmac(sha256, secret, concatBytes(PROOF_DOMAIN, room, ...peers))
}

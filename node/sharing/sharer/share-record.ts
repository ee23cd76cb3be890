/** A share as it is kept over a restart: its key, its secret, its rules, who has received it, and what opens its contents. Pure. */

import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import { readArray, readBoolean, readBytes, readInteger, readOptional, readText, readTuple, readWord } from '../../network/index.ts'
import { ENTRY_LIMITS } from '../format/share-entry.ts'
import { MAX_PASSWORD_LENGTH, SHARE_CODES } from '../format/share-frames.ts'
import { LINK_SECRET_BYTES } from '../format/share-link.ts'
import type { ShareCode, ShareRules } from '../types.ts'
import { ADMISSION_LIMITS, type PeerStanding, type Standing } from './admission.ts'
import type { KeptEntry } from './share-list.ts'

export interface ShareRecord {
  /** Ed25519. */
  seed: Uint8Array
  secret: Uint8Array
  rules: ShareRules
  endCode: ShareCode | undefined
  wrongPasswords: number
  /** The number of its newest list. */
  sequence: number
  receivers: readonly (readonly [id: string, standing: Standing])[]
  peers: readonly (readonly [peer: string, standing: PeerStanding])[]
  entries: readonly KeptEntry[]
}

const VERSION = 2
/** Of version 0.8.0, which knows receivers by their ids alone. */
const OLD_VERSION = 1
const MAX_PEER_LENGTH = 128
const MAX_RECORD_BYTES = 16_777_216
const PLACES = { none: 0, asking: 1, taken: 2, refused: 3 } as const

export function encodeShareRecord(record: ShareRecord): Uint8Array {
  const { seed, secret, rules, endCode, wrongPasswords, sequence, receivers, peers, entries } = record
  const { receivers: count, untilMs, password, ask = false, stopAfterFirst = false, sealed = true } = rules
  return encodeCanonical([
    VERSION,
    seed,
    secret,
    [count ?? null, untilMs ?? null, password ?? null, ask, stopAfterFirst, sealed],
    endCode === undefined ? null : SHARE_CODES[endCode],
    wrongPasswords,
    sequence,
    receivers.map(([id, { hasPassword, wrongPasswords: wrong, place, peer }]) => [hexToBytes(id), hasPassword, wrong, PLACES[place], peer]),
    entries.map(({ id, path, size, linkKey, salt, hash }) => [
      id,
      path,
      size,
      linkKey ?? null,
      salt ?? null,
      hash === undefined ? null : hexToBytes(hash),
    ]),
    peers.map(([peer, { wrongPasswords: wrong, isRefused }]) => [peer, wrong, isRefused]),
  ])
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeShareRecord(bytes: Uint8Array): ShareRecord {
  return decodeCanonical('a share', bytes, MAX_RECORD_BYTES, (value) => {
    const isOld = Array.isArray(value) && value[0] === OLD_VERSION
    const fields = mustBeArray(value, isOld ? 9 : 10)
    const [version, seed, secret, rules, endCode, wrongPasswords, sequence, receivers, entries, peers = []] = fields
    if (!isOld && version !== VERSION) throw new Error(`version ${String(version)}`)
    return {
      seed: readBytes(seed, 'seed', 32),
      secret: readBytes(secret, 'secret', LINK_SECRET_BYTES),
      rules: readKeptRules(rules),
      endCode: readOptional(endCode, 'end', (code) => readWord(code, 'end', SHARE_CODES)),
      wrongPasswords: readInteger(wrongPasswords, 'wrong passwords'),
      sequence: readInteger(sequence, 'sequence'),
      receivers: readArray(receivers, 'receivers', ADMISSION_LIMITS.maxReceivers, readReceiver),
      peers: readArray(peers, 'peers', ADMISSION_LIMITS.maxReceivers, readPeer),
      entries: readArray(entries, 'entries', ENTRY_LIMITS.maxEntries, readKept),
    }
  })
}

function readKeptRules(value: unknown): ShareRules {
  const [count, untilMs, password, ask, stopAfterFirst, sealed] = readTuple(value, 'rules', 6)
  const most = readOptional(count, 'receivers', readInteger)
  const until = readOptional(untilMs, 'until', readInteger)
  const word = readOptional(password, 'password', (text) => readText(text, 'password', MAX_PASSWORD_LENGTH))
  return {
    ...(most !== undefined && { receivers: most }),
    ...(until !== undefined && { untilMs: until }),
    ...(word !== undefined && { password: word }),
    ask: readBoolean(ask, 'ask'),
    stopAfterFirst: readBoolean(stopAfterFirst, 'stop after the first'),
    sealed: readBoolean(sealed, 'sealed'),
  }
}

function readReceiver(value: unknown): [string, Standing] {
  const [id, hasPassword, wrongPasswords, place, peer = ''] = readTuple(value, 'receiver', 4)
  const standing = {
    peer: readText(peer, 'peer', MAX_PEER_LENGTH),
    hasPassword: readBoolean(hasPassword, 'password'),
    wrongPasswords: readInteger(wrongPasswords, 'wrong passwords'),
    place: readWord(place, 'place', PLACES),
  }
  return [bytesToHex(readBytes(id, 'receiver', 16)), standing]
}

function readPeer(value: unknown): [string, PeerStanding] {
  const [peer, wrongPasswords, isRefused] = readTuple(value, 'peer', 3)
  const standing = { wrongPasswords: readInteger(wrongPasswords, 'wrong passwords'), isRefused: readBoolean(isRefused, 'refused') }
  return [readText(peer, 'peer', MAX_PEER_LENGTH), standing]
}

function readKept(value: unknown): KeptEntry {
  const [id, path, size, linkKey, salt, hash] = readTuple(value, 'entry', 6)
  return {
    id: readInteger(id, 'entry'),
    path: readText(path, 'path', ENTRY_LIMITS.maxPathBytes),
    size: readInteger(size, 'size'),
    linkKey: readOptional(linkKey, 'link key', (it) => readBytes(it, 'link key', 32)),
    salt: readOptional(salt, 'salt', (it) => readBytes(it, 'salt', 32)),
    hash: readOptional(hash, 'hash', (it) => bytesToHex(readBytes(it, 'hash', 32))),
  }
}

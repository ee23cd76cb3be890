/**
 * The two messages of kad-dht that a client needs, in protobuf: a FIND_NODE, and the closer peers of its answer. Pure.
 *
 * @see https://github.com/libp2p/specs/blob/master/kad-dht/README.md (RPC messages)
 * @see https://protobuf.dev/programming-guides/encoding/
 */

import { concatBytes } from '@noble/hashes/utils.js'
import { decodeUint8Array as decodeVarint, encodeUint8Array as encodeVarint, encodingLength } from 'uint8-varint'
import { MayflyError } from '../errors.ts'

export interface ToldPeer {
  /** A peer id, as its multihash. */
  id: Uint8Array
  multiaddrs: Uint8Array[]
}

const FIND_NODE = 4
/** Numbers of fields. */
const MESSAGE = { type: 1, key: 2, closer: 8 } as const
const PEER = { id: 1, multiaddrs: 2 } as const
/** The ways in which a field's value is written that occur here: a varint, 8 bytes, a length and bytes, 4 bytes. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

const varint = (value: number) => encodeVarint(value, new Uint8Array(encodingLength(value)))
const tag = (field: number, wire: number) => varint((field << 3) | wire)

/** @param key the target: a peer id, as its multihash */
export function encodeFindNode(key: Uint8Array): Uint8Array {
  return concatBytes(tag(MESSAGE.type, WIRE.varint), varint(FIND_NODE), tag(MESSAGE.key, WIRE.bytes), varint(key.byteLength), key)
}

/** At most so many. @throws {MayflyError} ERR_BAD_FRAME */
export function decodeCloserPeers(message: Uint8Array, limit: number): ToldPeer[] {
  const peers: ToldPeer[] = []
  for (const { field, bytes } of fieldsOf(message)) {
    if (field !== MESSAGE.closer || peers.length >= limit) continue
    const peer: ToldPeer = { id: new Uint8Array(), multiaddrs: [] }
    for (const inner of fieldsOf(bytes)) {
      if (inner.field === PEER.id) peer.id = inner.bytes
      if (inner.field === PEER.multiaddrs) peer.multiaddrs.push(inner.bytes)
    }
    peers.push(peer)
  }
  return peers
}

/** The fields whose values are bytes; others are passed over. */
function* fieldsOf(message: Uint8Array): Generator<{ field: number; bytes: Uint8Array }> {
  let at = 0
  const number = () => {
    try {
      const value = decodeVarint(message, at)
      at += encodingLength(value)
      return value
    } catch (cause) {
      throw new MayflyError('ERR_BAD_FRAME', 'Not a message of the DHT: a number was expected', { cause })
    }
  }
  while (at < message.byteLength) {
    const head = number()
    const length = lengthOf(head & 7, number)
    if (length === undefined || at + length > message.byteLength)
      throw new MayflyError('ERR_BAD_FRAME', 'Not a message of the DHT: it is cut, or of another form')
    if ((head & 7) === WIRE.bytes) yield { field: head >>> 3, bytes: message.subarray(at, at + length) }
    at += length
  }
}

/** How many bytes follow what `number` reads of the value; undefined for a way of writing that is not known. */
function lengthOf(wire: number, number: () => number): number | undefined {
  switch (wire) {
    case WIRE.varint:
      number()
      return 0
    case WIRE.bytes:
      return number()
    case WIRE.fixed64:
      return 8
    case WIRE.fixed32:
      return 4
    default:
      return undefined
  }
}

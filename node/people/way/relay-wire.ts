/**
 * The relay protocol, by which two peers get a stream through their homes: a request of its opener and one answer, and then bytes that the
 * homes hand on as they are. Pure.
 */

import type { Multiaddr } from '@multiformats/multiaddr'
import { badField, type Frame, parseMultiaddr, readArray, readText, readWord, viewBytesUpTo } from '../../network/index.ts'
import { multihashOfPeer, readPeerId } from '../../rendezvous/index.ts'

export const RELAY_PROTOCOL = '/mayfly/relay/1.0.0'

/** Peer ids in their text form. */
export type RelayRequest =
  /** A tab asks its home for a stream to the peer, whose home is named with where it can be dialled. */
  | { type: 'connect'; protocol: string; peer: string; home: string; addresses: Multiaddr[] }
  /** A home, or a node for itself, asks the other one's home. */
  | { type: 'forward'; protocol: string; from: string; peer: string }
  /** A home hands a stream to the peer that it is for. `from` is the word of the homes; the handshake that follows proves it. */
  | { type: 'incoming'; protocol: string; from: string }

export type RelayRefusal = keyof typeof RELAY_REFUSALS

/** Numbers are never used again for something else. */
export const RELAY_REFUSALS = {
  /** The peer has no connection to that home now. */
  'not-here': 1,
  /** The peer's home cannot be reached from here. */
  unreachable: 2,
  /** No room: this node hands on as many streams as it can. */
  full: 3,
  /** The asking peer, or the other one, has as many streams open as one peer may. */
  'too-many': 4,
  /** Too many new streams in a short time; again later. */
  rate: 5,
  /** The peer takes no streams of this protocol. */
  'no-protocol': 6,
  /** The asking peer's home is another node. */
  stranger: 7,
} as const

export type RelayAnswer = { type: 'connected' } | { type: 'refused'; reason: RelayRefusal }

const TYPE = { connect: 0, forward: 1, incoming: 2, connected: 3, refused: 4 } as const

export const RELAY_WIRE_LIMITS = {
  maxFrameBytes: 4_096,
  maxProtocolLength: 64,
  /** Addresses of a home that are read. */
  maxAddresses: 8,
  maxAddressBytes: 256,
} as const

/** A multihash of an Ed25519 key has 38 bytes. */
const MAX_PEER_BYTES = 64

export function encodeRelayRequest(request: RelayRequest): Frame {
  switch (request.type) {
    case 'connect': {
      const addresses = request.addresses.slice(0, RELAY_WIRE_LIMITS.maxAddresses).map(({ bytes }) => bytes)
      return [TYPE.connect, request.protocol, multihashOfPeer(request.peer), multihashOfPeer(request.home), addresses]
    }
    case 'forward':
      return [TYPE.forward, request.protocol, multihashOfPeer(request.peer), multihashOfPeer(request.from)]
    case 'incoming':
      return [TYPE.incoming, request.protocol, multihashOfPeer(request.from)]
  }
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeRelayRequest([type, a, b, c, d]: Frame): RelayRequest {
  const protocol = readText(a, 'protocol', RELAY_WIRE_LIMITS.maxProtocolLength)
  switch (type) {
    case TYPE.connect:
      return {
        type: 'connect',
        protocol,
        peer: readPeer(b, 'peer'),
        home: readPeer(c, 'home'),
        // One that cannot be read is left out: it may be of a kind that is newer than this code.
        addresses: readArray(d, 'addresses', RELAY_WIRE_LIMITS.maxAddresses, readAddress).filter((address) => address !== undefined),
      }
    case TYPE.forward:
      return { type: 'forward', protocol, peer: readPeer(b, 'peer'), from: readPeer(c, 'from') }
    case TYPE.incoming:
      return { type: 'incoming', protocol, from: readPeer(b, 'from') }
    default:
      throw badField('type', 'a request for a stream')
  }
}

export function encodeRelayAnswer(answer: RelayAnswer): Frame {
  return answer.type === 'connected' ? [TYPE.connected] : [TYPE.refused, RELAY_REFUSALS[answer.reason]]
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeRelayAnswer([type, reason]: Frame): RelayAnswer {
  if (type === TYPE.connected) return { type: 'connected' }
  if (type === TYPE.refused) return { type: 'refused', reason: readWord(reason, 'reason', RELAY_REFUSALS) }
  throw badField('type', 'an answer to a request for a stream')
}

function readPeer(value: unknown, name: string): string {
  try {
    return readPeerId(viewBytesUpTo(value, name, MAX_PEER_BYTES)).toString()
  } catch {
    throw badField(name, 'the multihash of a peer id')
  }
}

function readAddress(value: unknown, name: string): Multiaddr | undefined {
  return parseMultiaddr(viewBytesUpTo(value, name, RELAY_WIRE_LIMITS.maxAddressBytes))
}

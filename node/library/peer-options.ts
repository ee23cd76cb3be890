/** Reads the options of `createPeer`. */

import { NODE_LIMITS, type PeerLimits } from '../limits.ts'
import { MESSAGES_DEFAULTS } from '../messages/index.ts'
import type { OutboxStore } from '../messages/types.ts'
import type { PeerListener, PeerOptions } from '../peer.ts'
import { PROVIDER_STORE_DEFAULTS, RENDEZVOUS_DEFAULTS } from '../rendezvous/index.ts'
import {
  type Read,
  type Readers,
  readBoolean,
  readFunction,
  readImplementation,
  readInteger,
  readListOf,
  readNumbersOf,
  readObject,
  readOneOf,
  readOneOrMore,
  readOptions,
  readText,
} from './arguments.ts'
import { readAddress, readMultiaddr, readPrivateKey, readSecret } from './values.ts'

const readLimits: Read<Partial<PeerLimits>> = readObject(
  Object.fromEntries(Object.keys(NODE_LIMITS).map((name) => [name, readInteger])) as Readers<Partial<PeerLimits>>,
)

const readOutboxStore = readImplementation<OutboxStore>({
  put: readFunction,
  change: readFunction,
  get: readFunction,
  waiting: readFunction,
  list: readFunction,
  remove: readFunction,
  prune: readFunction,
  publicKey: readFunction,
  putPublicKey: readFunction,
  close: readFunction,
})

export const PEER_OPTION_READERS: Readers<PeerOptions> = {
  role: readOneOf('node', 'tab'),
  join: readOneOrMore(readAddress),
  privateKey: readPrivateKey,
  limits: readLimits,
  listener: readImplementation<PeerListener>({ transport: readFunction, listen: readListOf(readText) }),
  announce: readOneOrMore(readMultiaddr),
  rendezvous: readNumbersOf(RENDEZVOUS_DEFAULTS),
  content: readBoolean,
  createHasher: readFunction,
  fetchPiece: readFunction,
  webRTC: readFunction,
  messageSecret: readSecret,
  outboxStore: readOutboxStore,
  messages: readNumbersOf(MESSAGES_DEFAULTS),
  browserSecret: readSecret,
  providers: readNumbersOf(PROVIDER_STORE_DEFAULTS),
}

/** @throws {MayflyError} ERR_BAD_OPTION */
export const readPeerOptions: Read<PeerOptions> = readOptions(PEER_OPTION_READERS)

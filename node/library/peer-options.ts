/** Reads the options of `createPeer`. */

import { NODE_LIMITS, type PeerLimits } from '../limits.ts'
import type { OutboxEntry, OutboxLoad, OutboxStore } from '../messages/types.ts'
import type { PeerOptions } from '../peer.ts'
import {
  optional,
  type Read,
  type Readers,
  readBoolean,
  readBytes,
  readFunction,
  readImplementation,
  readInteger,
  readListOf,
  readNumber,
  readObject,
  readText,
} from './arguments.ts'
import { readKey, readPrivateKey, readSecret } from './values.ts'

const readLimits: Read<Partial<PeerLimits>> = readObject(
  Object.fromEntries(Object.keys(NODE_LIMITS).map((name) => [name, readInteger])) as Readers<Partial<PeerLimits>>,
)

const readOutboxMethods = readImplementation<OutboxStore>({
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

const readEntry = readImplementation<OutboxEntry>({
  id: readKey,
  end: readText,
  envelope: readBytes,
  createdAtMs: readNumber,
  expiresAtMs: readNumber,
  tries: readInteger,
  nextTryAtMs: readNumber,
  claimedUntilMs: readNumber,
  isDone: readBoolean,
})
const readMaybeEntry = optional(readEntry)
const readEntries = readListOf(readEntry)
const readLoad = readImplementation<OutboxLoad>({ waiting: readInteger, bytes: readInteger })
const readMaybeBytes = optional(readBytes)

/** The store's answers are checked, too: a wrong one is an error that names the method, and an answer need not be a promise. */
const readOutboxStore: Read<OutboxStore> = (value, what) => {
  const store = readOutboxMethods(value, what)
  return {
    put: async (entry) => store.put(entry),
    change: async (id, change) => readMaybeEntry(await store.change(id, change), `${what}.change`),
    get: async (id) => readMaybeEntry(await store.get(id), `${what}.get`),
    waiting: async (limit) => readEntries(await store.waiting(limit), `${what}.waiting`),
    list: async (limit) => readEntries(await store.list(limit), `${what}.list`),
    remove: async (id) => store.remove(id),
    prune: async (doneBeforeMs, maxDone) => readLoad(await store.prune(doneBeforeMs, maxDone), `${what}.prune`),
    publicKey: async (end) => readMaybeBytes(await store.publicKey(end), `${what}.publicKey`),
    putPublicKey: async (end, publicKey) => store.putPublicKey(end, publicKey),
    close: async () => store.close(),
  }
}

/** The options that a page may give, too. */
type SharedOptions = Pick<PeerOptions, 'privateKey' | 'limits' | 'content' | 'sharing' | 'webRTC' | 'messageSecret' | 'outboxStore'>

/** Options of every peer, a page's as well. Those of people are read with their code: `readPeopleOptions`. */
export const PEER_OPTION_READERS: Readers<SharedOptions> = {
  privateKey: readPrivateKey,
  limits: readLimits,
  content: readBoolean,
  sharing: readBoolean,
  webRTC: readFunction,
  messageSecret: readSecret,
  outboxStore: readOutboxStore,
}

/** Reads the options of `createPeer`. */

import { NODE_LIMITS, type PeerLimits } from '../limits.ts'
import { MESSAGES_DEFAULTS } from '../messages/index.ts'
import type { OutboxEntry, OutboxLoad, OutboxStore } from '../messages/types.ts'
import type { PeerListener, PeerOptions } from '../peer.ts'
import type { AccountStore } from '../people/account/store.ts'
import type { PeopleOptions } from '../people/people-options.ts'
import type { AccountChoice } from '../people/types.ts'
import { PROVIDER_STORE_DEFAULTS, RENDEZVOUS_DEFAULTS } from '../rendezvous/index.ts'
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
  readNumbersOf,
  readObject,
  readOneOf,
  readOneOrMore,
  readOptions,
  readText,
} from './arguments.ts'
import { readAddress, readKey, readMultiaddr, readPrivateKey, readSecret, readSecretText } from './values.ts'

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

const readAccountStore = readImplementation<AccountStore>({
  place: readImplementation({ publicKey: readBytes, sign: readFunction }),
  load: readFunction,
  change: readFunction,
  seal: readFunction,
  unseal: readFunction,
  onChange: readFunction,
  clear: readFunction,
  close: readFunction,
})

const ACCOUNT_CHOICES: { readonly [Kind in AccountChoice['kind']]: Read<AccountChoice> } = {
  kept: readObject<{ kind: 'kept'; create?: boolean }>({ kind: readOneOf('kept'), create: readBoolean }),
  guest: readObject<{ kind: 'guest' }>({ kind: readOneOf('guest') }),
  words: readObject<{ kind: 'words'; words: string }>({ kind: readOneOf('words'), words: readSecretText }, ['words']),
  file: readObject<{ kind: 'file'; bytes: Uint8Array; passPhrase: string }>(
    { kind: readOneOf('file'), bytes: readBytes, passPhrase: readSecretText },
    ['bytes', 'passPhrase'],
  ),
}
const readAccountKind = readOneOf(...(Object.keys(ACCOUNT_CHOICES) as AccountChoice['kind'][]))
const readAccountChoice: Read<AccountChoice> = (value, what) => {
  const kind = readAccountKind((Object(value) as Partial<AccountChoice>).kind, `${what}.kind`)
  return ACCOUNT_CHOICES[kind](value, what)
}

const readPeopleOptions = readOptions<PeopleOptions>({
  account: readAccountChoice,
  store: readAccountStore,
  stretch: readFunction,
  placeName: readText,
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
  sharing: readBoolean,
  people: (value, what) => (typeof value === 'boolean' ? value : readPeopleOptions(value, what)),
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

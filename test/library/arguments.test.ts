/**
 * Each function of the library, in both entries, is called with wrong arguments, as a program without types may do: each must be refused by a
 * `MayflyError`. A function or an option that the tables below do not have fails the test, or the type check.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as browser from '../../browser/library.ts'
import { GROUP_DEFAULTS } from '../../node/groups/context.ts'
import type { HoldOptions, Link, MessageDraft, OpenOptions, PieceAddress } from '../../node/index.ts'
import * as node from '../../node/index.ts'
import { NODE_LIMITS, type PeerRates } from '../../node/limits.ts'
import { createMemoryAccountStore } from '../../node/people/account/store.ts'
import {
  ABORT,
  BOOLEAN,
  BYTES,
  DATA,
  FUNCTION,
  type Functions,
  HEX,
  INTEGER,
  implementation,
  isAmount,
  isBytes,
  isText,
  KEY,
  type Kind,
  kind,
  type Members,
  MS,
  mustRefuse,
  object,
  optional,
  options,
  STORE,
  TEXT,
  WRONG,
} from '../helpers/wrong-arguments.ts'
import { SHARING } from '../helpers/wrong-sharing-arguments.ts'

const SIGNALS = options({ signal: ABORT } satisfies Members<node.AbortOptions>)
const numbers = (names: readonly string[]) => options(Object.fromEntries(names.map((name) => [name, kind(1, isAmount)])))
const LIMITS = options(Object.fromEntries(Object.keys(NODE_LIMITS).map((name) => [name, INTEGER])))
const RATES = object({
  messageBurst: optional(INTEGER),
  messagesPerSecond: optional(INTEGER),
  maxPeerBytesPerSecond: optional(INTEGER),
} satisfies Members<PeerRates>)
const ADDRESSES = kind('http://127.0.0.1:9', (value) => Array.isArray(value) && value.length === 0)
const OUTBOX_STORE = implementation(node.createMemoryOutboxStore())

const ACCOUNT_STORE = implementation(createMemoryAccountStore())
/** `true` and `false` are taken, too. */
const PEOPLE: Kind = {
  good: {},
  takes: (value) => value === undefined || typeof value === 'boolean' || isEmptyLiteral(value),
  members: {
    account: optional({ ...kind({ kind: 'guest' }), members: { kind: kind('guest') } }),
    store: optional(ACCOUNT_STORE),
    stretch: optional(FUNCTION),
    placeName: optional(TEXT),
  } satisfies Members<node.PeopleOptions>,
}

const PEER_OPTIONS = options({
  role: kind('tab'),
  join: ADDRESSES,
  privateKey: kind(undefined),
  limits: LIMITS,
  listener: kind({ transport: () => {}, listen: [] }),
  announce: kind('/ip4/127.0.0.1/tcp/9/ws', (value) => Array.isArray(value) && value.length === 0),
  rendezvous: numbers(['beatMs', 'silentMs', 'maxLinks']),
  content: BOOLEAN,
  sharing: BOOLEAN,
  people: PEOPLE,
  createHasher: FUNCTION,
  fetchPiece: FUNCTION,
  webRTC: FUNCTION,
  messageSecret: KEY,
  browserSecret: KEY,
  outboxStore: OUTBOX_STORE,
  groups: numbers(Object.keys(GROUP_DEFAULTS)),
  messages: numbers(['collectAgainMs']),
  providers: numbers(['stockLifetimeMs', 'maxProviders', 'maxStockRecordsPerPeer']),
} satisfies Members<node.PeerOptions>)

const DRAFT = kind({ body: 'text' }, (value) => isText(value) || isBytes(value))
const DRAFTS: Kind = {
  ...DRAFT,
  members: {
    body: DATA,
    type: optional(TEXT),
    fields: kind({ re: 'text' }, (value) => value === undefined || (Array.isArray(value) === false && isEmptyObject(value))),
    ttlMs: optional(MS),
  } satisfies Members<MessageDraft>,
}

function isEmptyLiteral(value: unknown): boolean {
  return isEmptyObject(value) && Object.getPrototypeOf(value) === Object.prototype
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

const PIECE = object({ key: KEY, outline: KEY, index: INTEGER, bundle: optional(KEY) } satisfies Members<PieceAddress>)
const CONTENT = kind('text', (value) => isText(value) || isBytes(value))
const JOIN = options({ signal: ABORT, timeoutMs: MS } satisfies Members<node.JoinOptions>)
const LINK = object({
  key: KEY,
  hash: optional(TEXT),
  origin: optional(TEXT),
  outline: optional(KEY),
  path: optional(TEXT),
  name: optional(TEXT),
  linkKey: optional(KEY),
} satisfies Members<Link>)
const ENTRY = object({
  path: TEXT,
  size: INTEGER,
  type: kind('text/plain'),
  key: KEY,
  outline: optional(KEY),
} satisfies Members<node.BundleEntry>)

/** Text that names something: of the wrong ones, texts may be refused or answered with "no". */
const WORDS: Kind = kind('#name', isText)

/** The parameters of each function that both entries have. `'any'`: it answers about any value. */
const SHARED = {
  blobSource: [implementation(new Blob(['text']))],
  checkRules: [kind([{ has: ['re'] }], (value) => Array.isArray(value) && value.length === 0)],
  createLinkKey: [],
  createMessageSecret: [],
  decodeBundle: [kind(node.encodeBundle([]))],
  decodeKeyCid: [kind(node.encodeKeyCid(HEX))],
  decodeKeyHex: [KEY],
  decodeLink: [KEY],
  decodeLinkKey: [kind(node.encodeLinkKey(HEX))],
  encodeBundle: [kind([ENTRY.good], (value) => Array.isArray(value) && value.length === 0)],
  encodeKeyBase32: [KEY],
  encodeKeyCid: [KEY],
  encodeKeyHex: [KEY],
  encodeLink: [LINK],
  encodeLinkKey: [KEY],
  hashnameOf: [KEY],
  isBundle: [BYTES],
  isKeyHex: 'any',
  isSealed: [BYTES],
  mediaTypeOf: [TEXT],
  memorySource: [DATA],
  openSealed: [implementation({ size: 1, async *read() {} }), KEY, SIGNALS],
  parseEnd: [kind('#name')],
  publicKeyOf: [KEY],
  refusePath: [TEXT],
  sealSource: [CONTENT, KEY, options({ name: TEXT, type: TEXT, salt: KEY } satisfies Members<node.SealOptions>)],
  sha256: [DATA],
} as const

const NODE = {
  ...SHARED,
  bodyText: [implementation({ type: 'text/plain', body: new Uint8Array() })],
  checkAccountRecord: [kind('contacts', isText), optional(BYTES)],
  clockSentence: [implementation({ state: 'right', aheadMs: 0, peers: 0 })],
  createByteRate: [object({ bytesPerSecond: FUNCTION, now: optional(FUNCTION) } satisfies Members<node.ByteRateOptions>)],
  createClientConnections: [options({ maxPerClient: INTEGER, maxHttpPerClient: INTEGER, trustProxy: BOOLEAN })],
  createMemoryOutboxStore: [],
  createPeer: [PEER_OPTIONS],
  decodeEnvelope: [kind(undefined)],
  decodePath: [TEXT],
  encodePath: [TEXT],
  keyOfBlock: [implementation(node.parseCid(node.encodeKeyCid(HEX)))],
  linkKeyFragment: [TEXT],
  linkKeyTextOf: [TEXT],
  messageFacts: [implementation({ type: 'text/plain', body: new Uint8Array() })],
  parseCid: [kind(node.encodeKeyCid(HEX))],
  parseClientAddress: [WORDS],
  pieceBytesFor: [INTEGER],
  pieceRequest: [
    object({ ...PIECE.members, offset: INTEGER, size: INTEGER } as Members<node.WantedPiece>),
    kind('node', (value) => value === 'node'),
  ],
  prepareLargeBody: [DATA, BOOLEAN, TEXT],
  sealedBytes: [INTEGER],
  signerOf: [kind(new Uint8Array(32).fill(7))],
  harmlessName: [TEXT],
  safePath: [TEXT, implementation(new Set<string>())],
} satisfies Record<Functions<typeof node> & string, readonly Kind[] | 'any'> & Record<never, never>

const BROWSER = {
  ...SHARED,
  createPeer: [
    object({
      gateway: kind('http://127.0.0.1:9'),
      content: optional(BOOLEAN),
      people: PEOPLE,
      sharing: optional(BOOLEAN),
      privateKey: kind(undefined, (value) => value === undefined),
      limits: LIMITS,
      messageSecret: optional(KEY),
      outboxStore: optional(OUTBOX_STORE),
      webRTC: optional(FUNCTION),
    } satisfies Members<browser.TabPeerOptions>),
  ],
  openAccountRecords: [options({ name: TEXT })],
  openOutboxRecords: [options({ name: TEXT, maxPublicKeys: INTEGER })],
} satisfies Record<Functions<typeof browser> & string, readonly Kind[] | 'any'>

const isJson = (value: unknown) =>
  value === undefined || value === null || ['boolean', 'string'].includes(typeof value) || isJsonNumber(value) || isJsonCollection(value)
const isJsonNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value)
const isJsonCollection = (value: unknown) => Array.isArray(value) || isEmptyLiteral(value)
const POLICY = kind('own', (value) => typeof value === 'function')

const CIRCLE = {
  present: [],
  on: [kind('connect'), FUNCTION],
  module: [
    TEXT,
    FUNCTION,
    options({
      policy: POLICY,
      input: kind({ '~standard': { version: 1, vendor: 'test', validate: () => ({ value: 1 }) } }),
      maxCallsPerCaller: INTEGER,
      consent: FUNCTION,
      timeoutMs: MS,
    } satisfies Members<node.ModuleOptions>),
  ],
  get: [TEXT],
  channel: [TEXT, TEXT, SIGNALS],
  onChannel: [TEXT, FUNCTION, options({ policy: POLICY })],
  setState: [kind({ mood: 'calm' }, isJson)],
  stateOf: [TEXT],
}

const PEER = {
  peer: { start: [], stop: [], status: [], join: [ADDRESSES, JOIN], joined: [JOIN], onEvent: [FUNCTION], setRates: [RATES] },
  rendezvous: { hold: [KEY], find: [KEY, SIGNALS], watch: [KEY, SIGNALS], watchPeople: [KEY, SIGNALS], heldByTabs: [INTEGER] },
  content: {
    hold: [CONTENT, options({ signal: ABORT, isPart: BOOLEAN, expected: KEY } satisfies Members<HoldOptions>)],
    release: [KEY],
    check: [KEY, SIGNALS],
    held: [],
    get: [KEY, SIGNALS],
    open: [KEY, options({ signal: ABORT, bundle: KEY, outline: KEY } satisfies Members<OpenOptions>)],
    givePiece: [PIECE, SIGNALS],
    knows: [KEY, optional(KEY)],
    receive: [
      KEY,
      object({
        signal: optional(ABORT),
        outline: KEY,
        bundle: optional(KEY),
        store: implementation(STORE),
        isDoubtful: optional(BOOLEAN),
        onPiece: optional(FUNCTION),
        onWaiting: optional(FUNCTION),
      } satisfies Members<node.ReceiveOptions>),
    ],
    has: [KEY],
    isInMemory: [KEY],
  },
  messages: {
    post: [
      kind('#name'),
      DRAFTS,
      options({ signal: ABORT, secret: KEY, waitMs: MS, onKept: FUNCTION } satisfies Members<node.PostOptions>),
    ],
    tap: [
      kind('#name'),
      options({
        signal: ABORT,
        rules: kind([], (value) => Array.isArray(value) && value.length === 0),
        secret: KEY,
        keep: FUNCTION,
      } satisfies Members<node.TapOptions>),
    ],
    outbox: [optional(INTEGER)],
    entry: [KEY],
    forget: [KEY],
    onOutbox: [FUNCTION],
  },
  sharing: SHARING,
  people: {
    ...CIRCLE,
    connect: [],
    disconnect: [],
    suspend: [],
    resume: [],
    forget: [],
    room: [TEXT, options({ password: TEXT, admit: FUNCTION } satisfies Members<node.RoomOptions>)],
  },
  account: { words: [], exportFile: [TEXT], places: [], revoke: [TEXT], onChange: [FUNCTION] },
  contacts: {
    list: [],
    tokens: [],
    requestToken: [
      TEXT,
      options({ signal: ABORT, kind: kind('contact'), role: kind('owner'), code: BOOLEAN } satisfies Members<node.TokenOptions>),
    ],
    claimToken: [TEXT, TEXT, options({ signal: ABORT, kind: kind('contact') } satisfies Members<node.ClaimOptions>)],
    rename: [TEXT, TEXT],
    remove: [TEXT],
    block: [TEXT],
    unblock: [TEXT],
    onChange: [FUNCTION],
  },
} satisfies {
  peer: Record<Functions<node.Peer>, readonly Kind[]>
  rendezvous: Record<Functions<node.Rendezvous>, readonly Kind[]>
  content: Record<Functions<node.ContentStore>, readonly Kind[]>
  messages: Record<Functions<node.Messages>, readonly Kind[]>
  sharing: Record<Functions<node.PeerSharing>, readonly Kind[]>
  people: Record<Functions<node.People>, readonly Kind[]>
  account: Record<Functions<node.Account>, readonly Kind[]>
  contacts: Record<Functions<node.Contacts>, readonly Kind[]>
}

const isFunction = (value: unknown): value is (...args: unknown[]) => unknown =>
  typeof value === 'function' && !/^class /.test(Function.prototype.toString.call(value))

describe.each([
  ['mayfly', node, NODE],
  ['mayfly/browser', browser, BROWSER],
])('%s', (_, entry: Record<string, unknown>, table: Record<string, readonly Kind[] | 'any'>) => {
  const functions = Object.entries(entry).filter(([, value]) => isFunction(value)) as [string, (...args: unknown[]) => unknown][]

  test('the table has each function', () => {
    expect(functions.map(([name]) => name).sort()).toEqual(Object.keys(table).sort())
  })

  test.each(functions)('%s refuses wrong arguments', async (name, run) => {
    const kinds = table[name]
    if (kinds === 'any') for (const value of WRONG) expect(run(value)).toBe(false)
    else await mustRefuse(name, run, kinds ?? [])
  })
})

describe('a peer', () => {
  let peer: node.Peer
  beforeAll(async () => {
    peer = await node.createPeer({ sharing: true, people: { account: { kind: 'guest' } } })
  })
  afterAll(() => peer.stop())

  test.each(Object.keys(PEER) as (keyof typeof PEER)[])(
    '%s: the table has each function, and each refuses wrong arguments',
    async (part) => {
      const { rendezvous, content, messages, sharing, people } = peer
      const parts = { peer, rendezvous, content, messages, sharing, people, account: people.account, contacts: people.contacts }
      const object = parts[part] as unknown as Record<string, unknown>
      const functions = Object.entries(object).filter(([, value]) => isFunction(value))
      const table: Record<string, readonly Kind[]> = PEER[part]
      expect(functions.map(([name]) => name).sort()).toEqual(Object.keys(table).sort())
      for (const [name, kinds] of Object.entries(table)) {
        await mustRefuse(`${part}.${name}`, (...args) => (object[name] as (...args: unknown[]) => unknown)(...args), kinds)
      }
    },
  )
})

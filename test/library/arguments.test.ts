/**
 * Each function of the library, in both entries, is called with wrong arguments, as a program without types may do: each must be refused by a
 * `MayflyError`. A function or an option that the tables below do not have fails the test, or the type check.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as browser from '../../browser/library.ts'
import type { HoldOptions, Link, MessageDraft, OpenOptions, PieceAddress, PieceStore } from '../../node/index.ts'
import * as node from '../../node/index.ts'
import { NODE_LIMITS, type PeerRates } from '../../node/limits.ts'
import { createMemoryAccountStore } from '../../node/people/account/store.ts'

/** The values that a parameter takes. */
interface Kind {
  /** A value that is taken. */
  readonly good: unknown
  takes(value: unknown): boolean
  /** Of an object. */
  readonly members?: Readonly<Record<string, Kind>>
}

const HEX = 'ab'.repeat(32)
const SIGNAL = new AbortController().signal
/** Each is wrong for most parameters. */
const WRONG: readonly unknown[] = [
  undefined,
  null,
  true,
  5,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  10n,
  'hello',
  HEX.slice(1),
  Symbol('symbol'),
  () => 5,
  [],
  [5],
  {},
  new Date(),
  new Map(),
  Promise.resolve('hello'),
  new AbortController(),
  SIGNAL,
  new Uint8Array(31),
  new Float64Array(4),
]
/** Codes of refused arguments. A peer that is not running is none: the argument is looked at first. */
const CODES = /^ERR_BAD_(?:INPUT|KEY|OPTION|END|MESSAGE|RULE|FRAME|PATH)$/

const kind = (good: unknown, takes: (value: unknown) => boolean = () => false): Kind => ({ good, takes })
const isText = (value: unknown) => typeof value === 'string'
const isBytes = (value: unknown) => value instanceof Uint8Array
const isInteger = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
const isAmount = (value: unknown) => Number.isFinite(value) && (value as number) >= 0

const KEY = kind(HEX)
const TEXT = kind('text', isText)
/** Text of some form: there is no telling which of the wrong ones it refuses. */
const BYTES = kind(new Uint8Array(3), isBytes)
const DATA = kind('text', (value) => isText(value) || isBytes(value))
const INTEGER = kind(1, isInteger)
const MS = kind(1, (value) => isAmount(value))
const BOOLEAN = kind(true, (value) => value === true)
const FUNCTION = kind(
  () => {},
  (value) => typeof value === 'function',
)
const ABORT = kind(SIGNAL, (value) => value === SIGNAL)
const STORE: PieceStore = { have: new Uint8Array(1), write: async () => {}, read: async () => new Uint8Array(1) }
const implementation = (good: object): Kind => kind(good)

const optional = (given: Kind): Kind => ({ ...given, takes: (value) => value === undefined || given.takes(value) })

/** An object with these members and no others. */
function object(members: Record<string, Kind>): Kind {
  const required = Object.entries(members).filter(([, { takes }]) => !takes(undefined))
  return {
    good: Object.fromEntries(required.map(([name, { good }]) => [name, good])),
    takes: (value) =>
      required.length === 0 && typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype,
    members,
  }
}
/** Options: each may be left out, and all of them. */
const options = (members: Record<string, Kind>) =>
  optional(object(Object.fromEntries(Object.entries(members).map(([name, given]) => [name, optional(given)]))))
/** Names every member of the type, or does not compile. */
type Members<T> = Record<keyof T, Kind>

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

type Functions<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T]

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
    hold: [CONTENT, options({ signal: ABORT, isPart: BOOLEAN } satisfies Members<HoldOptions>)],
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
  people: Record<Functions<node.People>, readonly Kind[]>
  account: Record<Functions<node.Account>, readonly Kind[]>
  contacts: Record<Functions<node.Contacts>, readonly Kind[]>
}

/** Values that the kind refuses, and objects with such a member. */
function* wrongOf({ good, takes, members }: Kind): Generator<unknown> {
  for (const value of WRONG) if (!takes(value)) yield value
  if (members === undefined) return
  yield { ...(good as object), notAnOption: 1 }
  yield Object.create(good as object) // its members are inherited: the object itself has none
  for (const [name, member] of Object.entries(members)) {
    for (const value of wrongOf(member)) if (value !== undefined || !member.takes(undefined)) yield { ...(good as object), [name]: value }
  }
}

/** How a call ends. An iteration is one, too. */
async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    return error
  }
}

const shown = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? `{ ${Object.entries(value).map(([name, each]) => `${name}: ${String(each)}`)} }`
    : String(value)

async function mustRefuse(name: string, run: (...args: unknown[]) => unknown, kinds: readonly Kind[]): Promise<void> {
  for (const [index, each] of kinds.entries()) {
    for (const value of wrongOf(each)) {
      const args = kinds.slice(0, index + 1).map(({ good }, i) => (i === index ? value : good))
      const outcome = await outcomeOf(() => run(...args))
      const label = `${name}, argument ${index + 1}: ${shown(value)}`
      expect(outcome, label).toBeInstanceOf(node.MayflyError)
      const { code, message } = outcome as node.MayflyError
      expect(code, `${label}: ${message}`).toMatch(CODES)
      expect(message, label).toMatch(/\S/)
    }
  }
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
    peer = await node.createPeer({ people: { account: { kind: 'guest' } } })
  })
  afterAll(() => peer.stop())

  test.each(Object.keys(PEER) as (keyof typeof PEER)[])(
    '%s: the table has each function, and each refuses wrong arguments',
    async (part) => {
      const { rendezvous, content, messages, people } = peer
      const parts = { peer, rendezvous, content, messages, people, account: people.account, contacts: people.contacts }
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

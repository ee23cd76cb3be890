/** Puts a peer together: the overlay's connections, presence, content, messages. */

import type { ComponentLogger, Libp2p, PeerId, Transport } from '@libp2p/interface'
import { createEmitter, listenGuarded } from './async/emitter.ts'
import { createQuota } from './async/quota.ts'
import type { ContentService } from './content/content.ts'
import { createNoContent } from './content/no-content.ts'
import type { ContentEvent, ContentStore, FetchPiece } from './content/types.ts'
import { MayflyError } from './errors.ts'
import type { GroupOptions } from './groups/context.ts'
import type { CreateHasher } from './keys/index.ts'
import { NODE_LIMITS, type PeerLimits, type PeerRates, TAB_LIMITS } from './limits.ts'
import { createMemoryOutboxStore, createMessages, type MessagesOptions, messageSecretOf } from './messages/index.ts'
import type { MessageEvent, MessageSecret, Messages, OutboxStore } from './messages/types.ts'
import {
  askGatewayEarly,
  checkJoinAddress,
  createAddressBook,
  createClock,
  createJoinWait,
  createOverlay,
  createSupervisor,
  inTime,
  loadDirect,
  originOfMultiaddr,
  type TransportFactory,
} from './network/index.ts'
import type { NetworkEvent } from './network/types.ts'
import type { NodeParts } from './node-parts.ts'
import type { PeerStatus } from './peer-status.ts'
import type { ModuleFailedEvent, PeopleContext, PeopleService, Ways } from './people/index.ts'
import type { OpenWaysContext } from './people/open-ways.ts'
import type { PeopleOptions } from './people/people-options.ts'
import type { People } from './people/types.ts'
import {
  createOwnRecords,
  createRendezvous,
  PRESENCE_PROTOCOL,
  type ProviderStoreOptions,
  type RendezvousOptions,
} from './rendezvous/index.ts'
import type { Rendezvous } from './rendezvous/types.ts'
import type { SharingService } from './sharing/index.ts'
import type { PeerSharing } from './sharing/offer-types.ts'
import type { SharingContext } from './sharing/sharing.ts'
import type { AbortOptions, RefusedEvent } from './types.ts'

/** An event of a peer, for a console or a log. */
export type PeerEvent = NetworkEvent | ContentEvent | MessageEvent | ModuleFailedEvent | RefusedEvent

/** A whole peer. Node.js nodes and browser tabs show the same face. */
export interface Peer {
  /** Peer id, text form. */
  readonly id: string
  readonly role: 'node' | 'tab'
  readonly rendezvous: Rendezvous
  readonly content: ContentStore
  readonly messages: Messages
  /** Undefined for a peer that was made without. */
  readonly people: People | undefined
  /** Shares and drop boxes, and offers to contacts, of a peer that was made with `sharing`. */
  readonly sharing: PeerSharing | undefined
  /** Starts, and goes on joining in the background. May be called twice. */
  start(): Promise<void>
  /** Releases everything, tells the others, closes. Takes a bounded time. May be called twice. */
  stop(): Promise<void>
  /** Adds addresses to join (a gateway's URL, or a multiaddr) and resolves once one of them, or any other, is connected. */
  join(addresses: string[], options?: AbortOptions): Promise<void>
  /** Resolves once this peer is in the overlay: at once for a node that joins nobody. */
  joined(options?: AbortOptions): Promise<void>
  status(): PeerStatus
  /** Changes how much others may take per second, from now on; a rate that is left out is the default again. The other limits are fixed. */
  setRates(rates: Partial<PeerRates>): void
  /** Hears each event. Returns the function that ends it. A listener that throws is dropped. */
  onEvent(listener: (event: PeerEvent) => void): () => void
}

/** How a node is heard by others; `node/server/port/listener.ts` makes one on an http server. */
export interface PeerListener {
  transport: (components: { logger: ComponentLogger }) => Transport
  /** Multiaddrs for libp2p to listen on. */
  listen: string[]
  /** Bytes over its port since the start. */
  readonly bytes?: { received: number; sent: number }
  /** Websockets that it turned away or ended before they had proved a peer id, since the start, by reason. */
  readonly refused?: Readonly<Record<string, number>>
}

export interface PeerOptions {
  /**
   * 'node': a DHT server that others can dial, and a home for tabs; it needs a `listener`.
   * 'tab': a DHT client behind a home; also what a short command is. The default.
   */
  role?: 'node' | 'tab'
  /** Gateway URLs or multiaddrs to join. They are tried again for as long as the peer runs. */
  join?: string[]
  /** The private key, as libp2p's protobuf bytes; a new Ed25519 key when left out. */
  privateKey?: Uint8Array
  limits?: Partial<PeerLimits>
  listener?: PeerListener
  /** Multiaddrs to tell others instead of those that are listened on, for a node behind a proxy. */
  announce?: string[]
  rendezvous?: RendezvousOptions
  /** When and how the servers of a network form groups: by default never. All of a network have the same. See node/groups/README.md. */
  groups?: GroupOptions
  /** False for a peer that only posts, taps and is present: it loads no code for content, and a body has at most `maxMessageBytes`. Default: true. */
  content?: boolean
  /** An account, its contacts, calls and rooms; their code is loaded for a peer that has them. Default: false. */
  people?: boolean | PeopleOptions
  /** Shares files by links, and receives what others share. Loaded when it is asked for. */
  sharing?: boolean
  /** How SHA-256 is made of content that is larger than one piece; Node.js hands in its own. */
  createHasher?: CreateHasher
  /** How pieces are had from nodes without a stream; Node.js hands in plain HTTP. */
  fetchPiece?: FetchPiece
  /**
   * `webRTC(…)` of @libp2p/webrtc, for a tab in a browser: with it large content goes from tab to tab. In Node.js that package loads a
   * native library, so it is handed in, never imported here.
   */
  webRTC?: TransportFactory
  /** The sender of this peer's messages; the key of `privateKey` when left out. */
  messageSecret?: MessageSecret
  /** Where messages wait that are not stored yet; in memory when left out, and gone with the process. It is closed when the peer stops. */
  outboxStore?: OutboxStore
  messages?: MessagesOptions
  /**
   * Random bytes that the tabs of one browser share while one of them is open: at each key that they hold, others count them as one person
   * (`Rendezvous.watchPeople`), and learn that they are of one browser. Without it each peer counts by itself.
   */
  browserSecret?: Uint8Array
  /** For records that stock kad-dht peers announce here. */
  providers?: ProviderStoreOptions
}

const NOTHING_RELAYED = { relayed: 0, relayedBytes: 0, relayedRefused: 0 }

/** Stopping waits no longer than this for others, in ms. */
const STOP_MS = 3_000

/** Loaded where it is used: a chat in somebody's page holds and gets nothing. */
async function loadContent() {
  const [{ createContent }, { createHoldLarge }] = await Promise.all([import('./content/content.ts'), import('./large-message.ts')])
  return { createContent, createHoldLarge }
}

/**
 * @param parts needed for a node
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export async function createPeer(options: PeerOptions = {}, parts?: NodeParts): Promise<Peer> {
  const role = options.role ?? 'tab'
  const node = role === 'node' ? parts : undefined
  if (role === 'node' && (options.listener === undefined || node === undefined))
    throw new MayflyError('ERR_BAD_OPTION', 'A node needs a listener')
  for (const address of options.join ?? []) checkJoinAddress(address)
  const limits: PeerLimits = { ...(role === 'node' ? NODE_LIMITS : TAB_LIMITS), ...options.limits }
  const { maxPeerBytesPerSecond, messagesPerSecond, messageBurst } = NODE_LIMITS // a tab's are the same

  const events = createEmitter<PeerEvent>()
  const { emit } = events
  const clock = createClock({}, {}, node?.majorityAhead)
  const records = node?.createNodeRecords(limits, clock)
  const store = records?.store ?? createOwnRecords(clock.now, clock.monotonic)
  const addresses = createAddressBook()
  const tabs = createQuota()
  const isTab = (peer: string) => tabs.of(peer) > 0
  const stored = { addressesOf: addresses.addressesOf, now: clock.now }
  const overlay = await createOverlay({
    ...overlayOptions(options, limits),
    role,
    node,
    createProviderStore: records && ((network) => records.createProviderStore({ ...network, ...stored }, options.providers)),
    isTab,
    onCut: (peer, reason) => emit({ type: 'cut', peer, reason }),
  })
  const { libp2p, privateKey, servers, direct } = overlay
  const peopleRelay = node?.createPeopleRelay({ libp2p, isTab, addressesOf: addresses.addressesOf, limits })
  const supervisor = createSupervisor({ ...overlay, emit, random: Math.random })
  supervisor.join(options.join ?? [])
  const presence = createRendezvous(
    { overlay, supervisor, store, addresses, tabs, emit, clock, random: Math.random },
    limits,
    { ...options.rendezvous, browserSecret: options.browserSecret },
    records?.presence,
  )
  const { createHasher, content: hasContent = true } = options
  const { createContent, createHoldLarge } = hasContent ? await loadContent() : { createContent: createNoContent }
  const content = createContent({ ...options, libp2p, role, limits, presence, direct, emit })
  records?.giveBy(content.giving)
  const outboxStore = options.outboxStore ?? createMemoryOutboxStore()
  const messages = createMessages(
    {
      libp2p,
      createNodeRoute: node?.createNodeRoute,
      ...{ servers, presence, limits },
      sender: {
        secret: options.messageSecret ?? messageSecretOf(privateKey),
        outboxStore,
        holdLarge: createHoldLarge?.(content),
      },
      emit,
      clock: { ...clock, random: Math.random },
    },
    options.messages,
  )

  const shared = { overlay, presence, relay: peopleRelay, role, clock, random: Math.random, emit, content, createHasher, on: events.on }
  const company = await loadCompany(shared, options)
  const joining = createJoinWait(() => presence.isJoined)
  servers.onChange(joining.check)
  supervisor.onChange(joining.check)
  presence.onHome((home) => direct?.setHome(home))
  clock.onState(({ state, aheadMs, peers }) => emit({ type: 'clock', state, aheadMs, peers }))
  events.on(({ type }) => {
    if (type !== 'joined') return
    joining.check()
    messages.onJoined()
  })
  let state: 'new' | 'running' | 'stopped' = 'new'
  let startedAtMs = 0
  let starting: Promise<void> | undefined
  let stopping: Promise<void> | undefined

  async function start(): Promise<void> {
    if (state === 'stopped') throw new MayflyError('ERR_NOT_STARTED', 'A stopped peer cannot start again: make a new one')
    state = 'running'
    startedAtMs = Date.now()
    await servers.start() // handlers first: a peer that connects is told at once what is spoken here
    await presence.start()
    await content.start()
    await messages.start()
    await peopleRelay?.start()
    await company.start()
    await libp2p.start()
    supervisor.start()
  }

  async function stop(): Promise<void> {
    const wasRunning = state === 'running'
    state = 'stopped'
    joining.stop()
    await starting?.catch(() => {})
    supervisor.stop()
    await company.stop()
    if (!wasRunning) return
    await peopleRelay?.stop()
    await messages.stop()
    await outboxStore.close()
    await content.stop()
    await presence.stop()
    servers.stop()
    direct?.stop()
    await inTime(Promise.resolve(libp2p.stop()), STOP_MS)
  }

  return {
    id: libp2p.peerId.toString(),
    role,
    rendezvous: presence,
    content,
    messages,
    people: company.people,
    sharing: company.sharing,
    start: () => (starting ??= start()),
    stop: () => (stopping ??= stop()),
    joined: joining.wait,
    async join(more, abort) {
      for (const address of more) checkJoinAddress(address)
      supervisor.join(more)
      await joining.wait(abort)
    },
    status: (): PeerStatus => ({
      id: libp2p.peerId.toString(),
      role,
      addresses: role === 'node' ? libp2p.getMultiaddrs().map(String) : [],
      joined: presence.isJoined,
      joinedThrough: supervisor.joined(),
      ...(presence.home && describeHome(libp2p, presence.home)),
      startedAtMs,
      ...{ clock: clock.status, refusedSockets: { ...options.listener?.refused } },
      counts: {
        connections: libp2p.getConnections().length,
        servers: servers.size,
        ...presence.counts,
        ...content.counts,
        ...messages.counts,
        bytesReceived: options.listener?.bytes?.received ?? 0,
        bytesSent: options.listener?.bytes?.sent ?? 0,
        ...overlay.counts,
        ...(peopleRelay?.counts ?? NOTHING_RELAYED),
      },
      limits,
    }),
    setRates: (rates) => void Object.assign(limits, { maxPeerBytesPerSecond, messagesPerSecond, messageBurst }, rates),
    onEvent: (listener) => listenGuarded(events.on, listener),
  }
}

type CompanyContext = Omit<PeopleContext, 'ways'> &
  OpenWaysContext & {
    content: ContentService
    createHasher: CreateHasher | undefined
    on(listener: (event: PeerEvent) => void): () => void
  }

export interface PreloadOptions {
  content?: boolean
  people?: unknown
  sharing?: boolean
  hasWebRTC?: boolean
  /** Gateways, which are asked who they are meanwhile. */
  join?: readonly string[]
}

/**
 * Begins to load the code of a tab with these options, all of it at once: a page would wait for one part after the other. A part that fails here
 * fails again where it is used, with its reason.
 */
export function preloadTab(options: PreloadOptions): void {
  const { content = true, people = false, sharing = false, hasWebRTC = false, join = [] } = options
  for (const address of join) if (!address.startsWith('/')) askGatewayEarly(address)
  const parts: Promise<unknown>[] = []
  if (hasWebRTC) parts.push(loadDirect())
  if (content) parts.push(import('./content/content.ts'))
  if (people || sharing) parts.push(import('./people/open-ways.ts'))
  if (people) parts.push(import('./people/index.ts'))
  if (sharing) parts.push(import('./sharing/index.ts'))
  for (const part of parts) part.catch(() => {})
}

/** People and shares, and the ways that both use: loaded for a peer that has either. */
async function loadCompany(context: CompanyContext, { people: withPeople = false, sharing: isSharing = false }: PeerOptions) {
  if (withPeople === false && !isSharing) return { people: undefined, sharing: undefined, async start() {}, async stop() {} }
  const { openWays } = await import('./people/open-ways.ts')
  const ways = openWays(context)
  const { openPeople } = withPeople === false ? {} : await import('./people/index.ts')
  const people = await openPeople?.({ ...context, ways }, typeof withPeople === 'object' ? withPeople : {})
  const sharing = isSharing ? await loadSharing(context, ways, people) : undefined
  return {
    people,
    sharing,
    async start() {
      await ways.start()
      await people?.start()
      await sharing?.start()
    },
    async stop() {
      await sharing?.stop()
      await people?.stop()
      await ways.stop()
    },
  }
}

async function loadSharing(
  { overlay, presence, content, clock, createHasher, on }: CompanyContext,
  ways: Ways,
  people: PeopleService | undefined,
): Promise<SharingService> {
  const { openSharing } = await import('./sharing/index.ts')
  const { hold, find, watch } = presence
  const onJoined = (listener: () => void) => on(({ type }) => void (type === 'joined' && listener()))
  const context: SharingContext = {
    self: overlay.libp2p.peerId.toString(),
    ...{ ways, rendezvous: { hold, find, watch, onJoined }, content, clock, createHasher },
    onPiece: (listener) =>
      on((event) => {
        if (event.type !== 'received') return
        listener(event.key, event.isDirect ? (overlay.direct?.isThroughTurn(event.from) ? 'turn' : 'direct') : 'home')
      }),
    onReleased: (listener) =>
      on((event) => {
        if (event.type === 'release' && event.reason !== undefined) listener(event.key)
      }),
  }
  return openSharing(context, people)
}

/** A tab's home, and where its gateway is: at the websocket that this tab has dialled. */
function describeHome(libp2p: Libp2p, home: PeerId): Pick<PeerStatus, 'home' | 'homeOrigin'> {
  const homeOrigin = libp2p
    .getConnections(home)
    .filter(({ direction }) => direction === 'outbound')
    .map(({ remoteAddr }) => originOfMultiaddr(remoteAddr))
    .find((origin) => origin !== undefined)
  return { home: home.toString(), ...(homeOrigin !== undefined && { homeOrigin }) }
}

function overlayOptions({ privateKey, listener, announce, webRTC, groups }: PeerOptions, { maxConnections }: PeerLimits) {
  return {
    privateKey,
    transport: listener?.transport,
    listen: listener?.listen,
    announce,
    maxConnections,
    serverProtocol: PRESENCE_PROTOCOL,
    webRTC,
    groups,
  }
}

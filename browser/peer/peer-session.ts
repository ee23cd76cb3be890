/**
 * The one peer of this tab: loads the library after the first paint, starts the peer, and says how it stands with the network. What the
 * tab holds is left to `holdings.ts`, who else holds it to `holder-counts.ts`.
 */

import type { AbortOptions, Peer, PeerEvent, PeerLimits } from '../../node/index.ts'
import { Cell, firstMatch, type ReadableCell } from '../cell.ts'
import { shortPeer } from '../text/short-text.ts'
import { createFetchPiece } from './fetch-piece.ts'
import type { OutboxRecords } from './outbox-records.ts'
import { loadWebRTC } from './web-rtc.ts'
import { createWorkerHasher, startHashThread } from './worker-hasher.ts'

/** The public face of `node/`: far too large to wait for before the first paint. */
export type PeerLibrary = typeof import('../../node/index.ts')

export type Connection =
  | { state: 'loading' }
  /** Never joined yet. `reason` says why the last try failed. */
  | { state: 'joining'; reason?: string }
  /** `through` names the node: this site's own, or another one. */
  | { state: 'joined'; through: string }
  /** Was joined, is not now; the peer goes on trying. */
  | { state: 'lost'; reason: string }
  /** The library could not be loaded or started. Only a reload helps. */
  | { state: 'failed'; reason: string }

export interface PeerSessionOptions {
  /** The gateway to join, as a URL: the origin that served this page. */
  gateway: string
  load(): Promise<PeerLibrary>
}

export class PeerSession {
  readonly #gateway: string
  readonly #load: () => Promise<PeerLibrary>
  readonly #createHasher = createWorkerHasher(startHashThread)
  readonly #connection = new Cell<Connection>({ state: 'loading' })
  readonly #outcome = new Cell<{ peer: Peer } | { failure: unknown } | undefined>(undefined)
  /** Bounded by the parts of the tab that listen. */
  readonly #listeners = new Set<(event: PeerEvent) => void>()
  #library: Promise<PeerLibrary> | undefined
  #outbox: Promise<OutboxRecords> | undefined
  #starting: Promise<void> | undefined
  /** The peer id of the gateway's own node, asked after each join: a node may come back as another peer. */
  #gatewayPeer: string | undefined

  constructor({ gateway, load }: PeerSessionOptions) {
    this.#gateway = gateway
    this.#load = load
  }

  get connection(): ReadableCell<Connection> {
    return this.#connection
  }

  /** The peer's limits, once it runs. */
  get limits(): PeerLimits | undefined {
    return this.running?.status().limits
  }

  /** The peer, when it runs already. */
  get running(): Peer | undefined {
    const outcome = this.#outcome.get()
    return outcome && 'peer' in outcome ? outcome.peer : undefined
  }

  /** Loads the library. Once, whoever asks. */
  library(): Promise<PeerLibrary> {
    this.#library ??= this.#load()
    return this.#library
  }

  /** Where what is sent from this origin is kept. Opened once. @throws DOMException, when the browser gives this page no storage */
  outbox(): Promise<OutboxRecords> {
    this.#outbox ??= import('./outbox-records.ts').then(({ openOutboxRecords }) => openOutboxRecords())
    return this.#outbox
  }

  /** Loads, starts and begins to join. May be called twice. A failure is a state of the connection, not an error. */
  start(): Promise<void> {
    this.#starting ??= this.#startPeer()
    return this.#starting
  }

  /**
   * The peer, as soon as it runs; it may not have joined.
   *
   * @throws signal.reason, when aborted
   * @throws what kept the library from being loaded or started
   */
  async peer(options: AbortOptions = {}): Promise<Peer> {
    const outcome = await firstMatch(this.#outcome, (known) => known !== undefined, options)
    if (outcome && 'peer' in outcome) return outcome.peer
    throw outcome?.failure
  }

  /** Loads what hashing takes, which is not to be had when the gateway is away by the time that it is needed. */
  async prepareHashing(): Promise<void> {
    await this.#createHasher().digest()
  }

  /** The peer, as soon as it is in the network. @throws signal.reason, when aborted */
  async joined(options: AbortOptions = {}): Promise<Peer> {
    await firstMatch(this.#connection, ({ state }) => state === 'joined', options)
    return this.peer(options)
  }

  /** Hears each event of the peer, from its first. Returns the function that ends it. */
  onEvent(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  async #startPeer(): Promise<void> {
    try {
      const [{ createPeer, pieceRequest }, webRTC, outboxStore] = await Promise.all([
        this.library(),
        loadWebRTC(() => readIceServers(this.#gateway)),
        this.outbox().catch(() => undefined), // a browser that keeps nothing: what is sent is then in memory
      ])
      const peer = await createPeer({
        role: 'tab',
        join: [this.#gateway],
        createHasher: this.#createHasher,
        fetchPiece: createFetchPiece(pieceRequest),
        ...(webRTC && { webRTC }),
        ...(outboxStore && { outboxStore }),
      })
      peer.onEvent((event) => this.#onPeerEvent(peer, event))
      await peer.start()
      if (this.#connection.get().state === 'loading') this.#connection.set({ state: 'joining' })
      this.#outcome.set({ peer })
      await this.#readConnection(peer)
    } catch (failure) {
      this.#connection.set({ state: 'failed', reason: failure instanceof Error ? failure.message : String(failure) })
      this.#outcome.set({ failure })
    }
  }

  #onPeerEvent(peer: Peer, event: PeerEvent): void {
    if (event.type === 'joined') void this.#readConnection(peer)
    if (event.type === 'left' || event.type === 'join-failed') this.#onTrouble(peer, event.reason)
    for (const listener of [...this.#listeners]) listener(event)
  }

  #onTrouble(peer: Peer, reason: string): void {
    if (peer.status().joined) return void this.#readConnection(peer) // one node of several went away
    const { state } = this.#connection.get()
    this.#connection.set(state === 'joined' || state === 'lost' ? { state: 'lost', reason } : { state: 'joining', reason })
  }

  /** Says "joined" at once; the name of the node is corrected when the gateway has told which peer it is. */
  async #readConnection(peer: Peer): Promise<void> {
    if (!this.#showJoined(peer)) return
    const gatewayPeer = await readPeerId(this.#gateway)
    if (gatewayPeer === undefined || gatewayPeer === this.#gatewayPeer) return
    this.#gatewayPeer = gatewayPeer
    this.#showJoined(peer)
  }

  #showJoined(peer: Peer): boolean {
    const { joined, home } = peer.status()
    if (!joined) return false
    const elsewhere = home !== undefined && this.#gatewayPeer !== undefined && home !== this.#gatewayPeer
    this.#connection.set({ state: 'joined', through: elsewhere ? `node ${shortPeer(home)}` : new URL(this.#gateway).host })
    return true
  }
}

/** Undefined when the gateway does not answer: the name shown is then the node's id. */
async function readPeerId(gateway: string): Promise<string | undefined> {
  const { id } = await readStatus(gateway)
  return typeof id === 'string' ? id : undefined
}

/** None when its operator has set none, or it does not answer: tabs of one network find each other all the same. */
async function readIceServers(gateway: string): Promise<RTCIceServer[]> {
  const { iceServers } = await readStatus(gateway)
  return Array.isArray(iceServers) ? iceServers : []
}

async function readStatus(gateway: string): Promise<{ id?: unknown; iceServers?: unknown }> {
  try {
    const response = await fetch(new URL('/api/v1/status', gateway), { signal: AbortSignal.timeout(5_000) })
    return (await response.json()) as { id?: unknown; iceServers?: unknown }
  } catch {
    return {}
  }
}

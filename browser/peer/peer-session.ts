/**
 * The one peer of this tab: loads the library after the first paint, starts the peer, and tracks its connection to the network. The contents
 * that the tab holds are in `holdings.ts`, the counts of holders in `holder-counts.ts`.
 */

import { createEmitter } from '../../node/async/emitter.ts'
import { loadOnce } from '../../node/async/load-once.ts'
import type { AbortOptions, Peer, PeerEvent, PeerLimits } from '../../node/index.ts'
import { Cell, firstMatch } from '../cell.ts'
import { shortPeer } from '../text/short-text.ts'
import { originForOthers, readGatewayStatus } from './gateway-status.ts'
import type { OutboxRecords } from './outbox-records.ts'
import type { TabPeer } from './tab-peer.ts'
import type { PeerLibrary } from './types.ts'

export type Connection =
  | { state: 'loading' }
  /** Not joined yet. `reason`: why the last attempt failed. */
  | { state: 'joining'; reason?: string }
  /**
   * `through`: the node, which is this site's own or another one. `gateway`: the origin at which links made here work now; `forOthers`: the same
   * for other machines, where private pages may not open.
   */
  | { state: 'joined'; through: string; gateway: string; forOthers: string }
  /** Joined before, and not now; the peer keeps trying. */
  | { state: 'lost'; reason: string }
  /** The library could not be loaded or started; only a reload helps. */
  | { state: 'failed'; reason: string }

export class PeerSession {
  readonly #gateway: string
  /** @throws what prevented it from being loaded; the next call tries again */
  readonly library: () => Promise<PeerLibrary>
  /** The outbox of this origin, opened once. @throws DOMException, when the browser gives this page no storage */
  readonly outbox: () => Promise<OutboxRecords> = loadOnce(async () => (await import('./outbox-records.ts')).openOutboxRecords())
  readonly connection = new Cell<Connection>({ state: 'loading' })
  /** The build of the app that the gateway serves now; undefined until it has said so. */
  readonly servedBuild = new Cell<string | undefined>(undefined)
  readonly #outcome = new Cell<TabPeer | { failure: unknown } | undefined>(undefined)
  readonly #events = createEmitter<PeerEvent>()
  /** Calls the listener for each event of the peer, from the first. @returns a function that removes the listener */
  readonly onEvent = this.#events.on
  #starting: Promise<void> | undefined
  /** Peer id of the gateway's own node. Read after each join: a node may come back as another peer. */
  #gatewayPeer: string | undefined
  /** The gateway's own origin for other machines. */
  #forOthers: string
  /** Another node that is this tab's home, and the origin at which its gateway answers. */
  #homeGateway: { home: string; origin: string } | undefined

  /** @param gateway URL of the gateway to join: the origin that served this page */
  constructor(gateway: string, load: () => Promise<PeerLibrary>) {
    this.#gateway = gateway
    this.#forOthers = gateway
    this.library = loadOnce(load)
  }

  get limits(): PeerLimits | undefined {
    return this.running?.status().limits
  }

  /** The network's time, in ms since the epoch, as far as it is known. */
  networkTime(): number {
    return Date.now() - (this.running?.status().clock.aheadMs ?? 0)
  }

  get running(): Peer | undefined {
    const outcome = this.#outcome.get()
    return outcome && 'peer' in outcome ? outcome.peer : undefined
  }

  /** Loads and starts the peer, which then joins. May be called twice. A failure is a state of the connection, not an error. */
  start(): Promise<void> {
    this.#starting ??= this.#startPeer()
    return this.#starting
  }

  /**
   * Resolves with the peer when it runs; it may not have joined.
   *
   * @throws signal.reason, when aborted
   * @throws what prevented the library from being loaded or started
   */
  async peer(options: AbortOptions = {}): Promise<Peer> {
    const outcome = await firstMatch(this.#outcome, (known) => known !== undefined, options)
    if (outcome && 'peer' in outcome) return outcome.peer
    throw outcome?.failure
  }

  /** See `TabPeer`. Does nothing before the peer runs. */
  async prepareHashing(): Promise<void> {
    const outcome = this.#outcome.get()
    if (outcome && 'peer' in outcome) await outcome.prepareHashing()
  }

  /** Resolves with the peer when it has joined. @throws signal.reason, when aborted */
  async joined(options: AbortOptions = {}): Promise<Peer> {
    await firstMatch(this.connection, ({ state }) => state === 'joined', options)
    return this.peer(options)
  }

  async #startPeer(): Promise<void> {
    try {
      const library = this.library()
      library.catch(() => {}) // thrown by createTabPeer below, or after another failure
      const [{ createTabPeer }, browserSecret, outboxStore] = await Promise.all([
        import('./tab-peer.ts'),
        import('./browser-secret.ts').then(({ shareBrowserSecret }) => shareBrowserSecret(() => localStorage)),
        this.outbox().catch(() => undefined), // a browser without storage: the outbox is in memory then
      ])
      const tabPeer = await createTabPeer(library, this.#gateway, { outboxStore, browserSecret })
      const { peer } = tabPeer
      peer.onEvent((event) => this.#onPeerEvent(peer, event))
      await peer.start()
      if (this.connection.get().state === 'loading') this.connection.set({ state: 'joining' })
      this.#outcome.set(tabPeer)
      await this.#readConnection(peer)
    } catch (failure) {
      this.connection.set({ state: 'failed', reason: failure instanceof Error ? failure.message : String(failure) })
      this.#outcome.set({ failure })
    }
  }

  #onPeerEvent(peer: Peer, event: PeerEvent): void {
    if (event.type === 'joined') void this.#readConnection(peer)
    if (event.type === 'left' || event.type === 'join-failed') this.#onTrouble(peer, event.reason)
    this.#events.emit(event)
  }

  #onTrouble(peer: Peer, reason: string): void {
    if (peer.status().joined) return void this.#readConnection(peer) // one node of several has left
    const { state } = this.connection.get()
    this.connection.set(state === 'joined' || state === 'lost' ? { state: 'lost', reason } : { state: 'joining', reason })
  }

  /** Shows "joined" at once, and corrects the name of the node, and the origin of links, when the gateways have answered. */
  async #readConnection(peer: Peer): Promise<void> {
    if (!this.#showJoined(peer)) return
    const status = await readGatewayStatus(this.#gateway)
    const { id: gatewayPeer } = status
    if (status.build !== undefined) this.servedBuild.set(status.build)
    if (gatewayPeer !== undefined && gatewayPeer !== this.#gatewayPeer) {
      this.#gatewayPeer = gatewayPeer
      this.#forOthers = originForOthers(this.#gateway, status)
      this.#showJoined(peer)
    }
    const { home, homeOrigin } = peer.status()
    if (home === undefined || homeOrigin === undefined || !this.#isElsewhere(home)) return
    if ((await readGatewayStatus(homeOrigin)).id !== home) return // it has no gateway there
    this.#homeGateway = { home, origin: homeOrigin }
    this.#showJoined(peer)
  }

  #isElsewhere(home: string): boolean {
    return this.#gatewayPeer !== undefined && home !== this.#gatewayPeer
  }

  #showJoined(peer: Peer): boolean {
    const { joined, home } = peer.status()
    if (!joined) return false
    const isElsewhere = home !== undefined && this.#isElsewhere(home)
    const elsewhere = isElsewhere && this.#homeGateway?.home === home ? this.#homeGateway.origin : undefined
    const through = isElsewhere ? `node ${shortPeer(home)}` : new URL(this.#gateway).host
    this.connection.set({ state: 'joined', through, gateway: elsewhere ?? this.#gateway, forOthers: elsewhere ?? this.#forOthers })
    return true
  }
}

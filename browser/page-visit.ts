/**
 * A visit to one page: gets its bytes from the gateway or through the peer, checks them, puts them on screen, holds them; and when
 * nobody has them, waits until somebody does. It says how it stands; sentences are left to `words/visit-sentence.ts`, the frame to
 * `content-frame.ts`.
 */

import type { MayflyErrorCode, Peer } from '../node/index.ts'
import { Cell, firstMatch, type ReadableCell } from './cell.ts'
import { isDisplayable } from './content-kind.ts'
import type { HolderCounts } from './holder-counts.ts'
import type { Holdings } from './holdings.ts'
import type { PeerSession } from './peer-session.ts'
import { fetchRaw, readAtMost, typeOf } from './raw-content.ts'

export type VisitState =
  /** Asking for the bytes. */
  | 'looking'
  /** The gateway's answer is on screen; this tab has not checked it yet. */
  | 'shown'
  /** Checked, on screen, held by this tab too. */
  | 'holding'
  /** Checked and on screen; the user stopped holding it. */
  | 'stopped'
  /** Checked and on screen; this tab holds as much as it may already. */
  | 'full'
  /** Nobody holds it now. */
  | 'gone'
  /** Somebody says to hold it, and nobody gave the right bytes. */
  | 'unavailable'
  /** Nobody could be asked. */
  | 'offline'
  /** The bytes that came are not the page; the frame was taken away, others are asked. */
  | 'wrong'
  /** Larger than content may be. */
  | 'too-large'

/** What the gateway said when it served the page. */
export type ServedState = 'found' | 'gone' | 'unavailable' | 'offline'

/** Where the content appears. */
export interface ContentScreen {
  /** Frames the gateway's answer; no change when it is framed already. */
  showRaw(hash: string): void
  /** Shows bytes that this tab has, without the gateway. */
  showLocal(bytes: Uint8Array): void
  clear(): void
}

/** What is known of the content, besides its bytes. */
export interface ContentFacts {
  /** In bytes. */
  size: number
  /** Media type, when the gateway has told. */
  type?: string
}

export interface PageVisitOptions {
  hash: string
  /** Absent after a move inside the app. */
  served?: ServedState
  session: PeerSession
  holdings: Holdings
  counts: HolderCounts
  screen: ContentScreen
  /** How long the network may take to be joined before a visit says that it is offline, in ms. */
  joinTimeoutMs?: number
  /** How long the gateway may take to see what this tab holds itself, in ms. */
  ownTimeoutMs?: number
}

export const PAGE_VISIT_DEFAULTS = {
  joinTimeoutMs: 10_000, // a join takes well under a second; past this a person wants to know
  ownTimeoutMs: 20_000, // a gateway that restarts is back by then
} as const

type Outcome = { bytes: Uint8Array; gatewayType?: string } | { failed: 'gone' | 'unavailable' | 'offline' | 'too-large' }

export class PageVisit {
  readonly hash: string
  readonly #options: Required<Omit<PageVisitOptions, 'served'>>
  readonly #state: Cell<VisitState>
  readonly #controller = new AbortController()
  readonly #retry = new Cell(0)
  readonly #facts = new Cell<ContentFacts | undefined>(undefined)
  #bytes: Uint8Array | undefined

  constructor({ served, ...options }: PageVisitOptions) {
    this.hash = options.hash
    this.#options = { ...PAGE_VISIT_DEFAULTS, ...options }
    this.#state = new Cell<VisitState>(served === 'found' ? 'shown' : (served ?? 'looking'))
  }

  get state(): ReadableCell<VisitState> {
    return this.#state
  }

  /** Absent while there are no checked bytes. */
  get facts(): ReadableCell<ContentFacts | undefined> {
    return this.#facts
  }

  /** Begins, and goes on until `end()`. */
  start(): void {
    const { counts } = this.#options
    const unfollow = counts.follow(this.hash, { early: true })
    this.#controller.signal.addEventListener('abort', unfollow)
    void this.#run().catch((error: unknown) => this.#onEnd(error))
  }

  end(): void {
    this.#controller.abort()
  }

  /** Asks again now, where the visit waits. */
  tryAgain(): void {
    this.#retry.update((times) => times + 1)
  }

  async stopHolding(): Promise<void> {
    await this.#options.holdings.stop(this.hash)
  }

  /** Holds again what this visit still has on screen, or asks for it anew. */
  async holdAgain(): Promise<void> {
    if (this.#bytes) await this.#hold(this.#bytes)
    else this.tryAgain()
  }

  /** Without a peer nothing can be checked or held: the connection says why, and what the gateway showed stays. */
  #onEnd(error: unknown): void {
    if (this.#controller.signal.aborted) return
    if (this.#options.session.connection.get().state !== 'failed') throw error
    if (this.#state.get() === 'looking') this.#state.set('offline')
  }

  async #run(): Promise<void> {
    const { holdings } = this.#options
    const { signal } = this.#controller
    const unsubscribe = holdings.pages.subscribe(() => this.#onHoldingsChange())
    signal.addEventListener('abort', unsubscribe)
    if (holdings.has(this.hash)) return this.#showOwn()
    if (this.#state.get() === 'gone') await this.#waitForChange(0)
    for (;;) {
      const before = this.#options.counts.counts.get().get(this.hash)
      const outcome = await this.#obtain()
      signal.throwIfAborted()
      if (holdings.has(this.hash)) return this.#showOwn()
      if ('bytes' in outcome) return this.#accept(outcome.bytes, outcome.gatewayType)
      this.#options.screen.clear()
      this.#state.set(outcome.failed)
      await this.#waitForChange(before)
      this.#state.set('looking')
    }
  }

  /** What this tab holds already needs nobody's answer; the gateway's frame follows when the gateway has seen it. */
  async #showOwn(): Promise<void> {
    const { holdings, screen, session, ownTimeoutMs } = this.#options
    const { signal } = this.#controller
    this.#state.set('holding')
    const kept = holdings.keptBytes(this.hash)
    if (kept) screen.showLocal(kept)
    const [{ decodeKeyHex }, peer] = await Promise.all([session.library(), session.peer({ signal })])
    this.#bytes = kept ?? (await peer.content.get(decodeKeyHex(this.hash), { signal })).bytes
    this.#facts.set({ size: this.#bytes.byteLength })
    if (!kept) screen.showLocal(this.#bytes)
    await session.joined({ signal })
    const response = await fetchRaw(this.hash, { signal, waitMs: ownTimeoutMs })
    await response?.body?.cancel()
    signal.throwIfAborted()
    if (response?.ok) this.#showGateway(this.#bytes.byteLength, typeOf(response))
  }

  async #accept(bytes: Uint8Array, gatewayType: string | undefined): Promise<void> {
    this.#bytes = bytes
    if (gatewayType !== undefined) {
      this.#showGateway(bytes.byteLength, gatewayType)
    } else {
      this.#facts.set({ size: bytes.byteLength })
      this.#options.screen.showLocal(bytes)
    }
    await this.#hold(bytes)
  }

  /** The gateway's own answer in the frame: there, and only there, the page's scripts run. */
  #showGateway(size: number, type: string): void {
    this.#facts.set({ size, type })
    if (isDisplayable(type)) this.#options.screen.showRaw(this.hash)
    else this.#options.screen.clear()
  }

  async #hold(bytes: Uint8Array): Promise<void> {
    try {
      await this.#options.holdings.hold(bytes)
      if (!this.#controller.signal.aborted) this.#state.set('holding')
    } catch {
      this.#state.set('full')
    }
  }

  /** Stopped, on this page or in the list of what the tab holds. */
  #onHoldingsChange(): void {
    const held = this.#options.holdings.has(this.hash)
    if (!held && this.#state.get() === 'holding') this.#state.set('stopped')
    if (held && this.#state.get() === 'stopped') this.#state.set('holding')
  }

  /** The gateway first: it answers before the peer has joined. Whatever it gives is checked here. */
  async #obtain(): Promise<Outcome> {
    const { session, screen } = this.#options
    const { signal } = this.#controller
    const peer = await session.peer({ signal })
    const response = await fetchRaw(this.hash, { signal })
    if (response?.status === 404) {
      await response.body?.cancel()
      return { failed: 'gone' }
    }
    if (response?.ok) {
      const bytes = await readAtMost(response, peer.status().limits.maxContentBytes)
      if (bytes && (await this.#isRight(bytes))) return { bytes, gatewayType: typeOf(response) }
      screen.clear()
      this.#state.set('wrong')
    } else {
      await response?.body?.cancel()
    }
    return this.#obtainThroughPeer(peer)
  }

  async #obtainThroughPeer(peer: Peer): Promise<Outcome> {
    const { session, joinTimeoutMs } = this.#options
    const { signal } = this.#controller
    const { decodeKeyHex, MayflyError } = await session.library()
    try {
      await peer.joined({ signal: AbortSignal.any([signal, AbortSignal.timeout(joinTimeoutMs)]) })
      const { bytes } = await peer.content.get(decodeKeyHex(this.hash), { signal })
      return { bytes }
    } catch (error) {
      signal.throwIfAborted()
      return { failed: failureOf(error instanceof MayflyError ? error.code : undefined) }
    }
  }

  async #isRight(bytes: Uint8Array): Promise<boolean> {
    const { sha256, encodeKeyHex } = await this.#options.session.library()
    return encodeKeyHex(await sha256(bytes)) === this.hash
  }

  /**
   * Until something is different from when the page could not be had: who holds it, the connection, or the user's patience. `before` is
   * the count when it was last asked for: the same number again is no reason to ask again.
   */
  async #waitForChange(before: number | undefined): Promise<void> {
    const { counts, holdings, session } = this.#options
    const other = new AbortController()
    const signal = AbortSignal.any([this.#controller.signal, other.signal])
    const times = this.#retry.get()
    const connection = session.connection.get()
    const changes = [
      counts.until(this.hash, (count) => count > 0 && count !== before, { signal }),
      firstMatch(holdings.pages, () => holdings.has(this.hash), { signal }),
      firstMatch(this.#retry, (now) => now !== times, { signal }),
      firstMatch(session.connection, (now) => now !== connection && now.state === 'joined', { signal }),
    ]
    try {
      await Promise.race(changes)
    } finally {
      other.abort()
      await Promise.allSettled(changes)
    }
  }
}

function failureOf(code: MayflyErrorCode | undefined): 'gone' | 'unavailable' | 'offline' | 'too-large' {
  if (code === 'ERR_NO_HOLDER') return 'gone'
  if (code === 'ERR_UNAVAILABLE' || code === 'ERR_BAD_FRAME') return 'unavailable'
  return code === 'ERR_TOO_LARGE' ? 'too-large' : 'offline'
}

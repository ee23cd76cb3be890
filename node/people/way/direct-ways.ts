/**
 * Direct connections for people: wanted by those who call each other, opened in the background by several tries, believed once the other end has
 * answered on them, and kept while something goes over them.
 */

import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { timeoutSignal } from '../../async/abort.ts'
import { createBackoff } from '../../async/backoff.ts'
import { delay } from '../../async/delay.ts'
import { createEmitter } from '../../async/emitter.ts'
import { connectionKind, type Direct } from '../../network/index.ts'
import { pingOn } from './connection-pings.ts'
import { createDialTurns } from './dial-turns.ts'
import type { WayTarget } from './types.ts'

export const DIRECT_WAYS_DEFAULTS = {
  /** Direct connections of a tab that only people need. Content may use more (network/direct.ts). */
  maxDirect: 10,
  /** Dials to one peer before it is given up: a dial may fail where the next one does not, when one of the two machines is busy. */
  directTries: 3,
  /** The wait before the second of them, in ms; twice as long before the third. */
  directPauseMs: 1_500,
  /** How long a new connection may take to answer, in ms. */
  directAnswerMs: 10_000,
  /** The longest pause between two dials that nobody waits for, in ms. */
  directRestMs: 10_000,
}

export type DirectWaysOptions = Partial<typeof DIRECT_WAYS_DEFAULTS>

export interface DirectWaysContext {
  libp2p: Libp2p
  direct: Direct | undefined
  random(): number
}

/** A direct connection that is being opened, or will be. */
interface Want {
  target: WayTarget
  ended: AbortController
  awaited: AbortController
  /** False while it waits for its turn. */
  hasBegun: boolean
  /** Its turn has come, or somebody waits for it. */
  begin(): void
}

function createWant(target: WayTarget): Want {
  return {
    target,
    ended: new AbortController(),
    awaited: new AbortController(),
    hasBegun: false,
    begin() {
      this.hasBegun = true
      this.awaited.abort()
    },
  }
}

export type DirectWays = ReturnType<typeof createDirectWays>

export function createDirectWays({ libp2p, direct, random }: DirectWaysContext, options: DirectWaysOptions = {}) {
  const settings = { ...DIRECT_WAYS_DEFAULTS, ...options }
  const self = libp2p.peerId.toString()
  const pauses = { firstMs: settings.directPauseMs, maxMs: 4 * settings.directPauseMs }
  const changes = createEmitter<{ peer: string; isOpen: boolean }>()
  /** Connections that have answered, by peer id. Bounded by direct.ts. */
  const proven = new Map<string, Connection>()
  /** Peers that are being dialled, or will be. Bounded: maxDirect of those that are awaited, and as many that wait for their turn. */
  const wanted = new Map<string, Want>()
  const turns = createDialTurns(settings.directRestMs)
  let release: (() => void) | undefined

  const isDirect = (connection: Connection) => connectionKind(connection) === 'direct'
  const openTo = (peer: PeerId) => libp2p.getConnections(peer).find((each) => each.status === 'open' && isDirect(each))

  function onOpen({ detail: connection }: CustomEvent<Connection>): void {
    if (!isDirect(connection)) return
    const peer = connection.remotePeer.toString()
    pingOn(connection, timeoutSignal(settings.directAnswerMs)).then(
      () => {
        if (connection.status !== 'open' || proven.has(peer)) return
        proven.set(peer, connection)
        changes.emit({ peer, isOpen: true })
      },
      () => {
        // The other end's browser has given it up, and this one does not know: it would take a place for a minute.
        connection.abort(new Error('the other end does not answer'))
      },
    )
  }

  function onClose({ detail: connection }: CustomEvent<Connection>): void {
    const peer = connection.remotePeer.toString()
    if (proven.get(peer) !== connection) return
    proven.delete(peer)
    changes.emit({ peer, isOpen: false })
  }

  /** Places that others have, or will have. For what somebody waits for, dials that have not begun are passed over. */
  function placesWithout(peer: string, network: Direct, isAwaited = true): number {
    const coming = [...wanted].filter(([, { hasBegun }]) => hasBegun || !isAwaited)
    const places = new Set([...network.peers(), ...coming.map(([each]) => each)])
    places.delete(peer)
    return places.size
  }

  async function dial(target: WayTarget, network: Direct, signal: AbortSignal): Promise<void> {
    const peer = peerIdFromString(target.peer)
    const backoff = createBackoff(pauses, random)
    await network.signalled(peer, signal)
    for (let tries = 1; !signal.aborted && openTo(peer) === undefined; tries++) {
      // One that comes already is enough: two connections with one peer take two places.
      if (!network.isArriving(target.peer)) {
        const addresses = network.addressesOf(target, { isRetry: tries > 1 })
        // Others may have come in meanwhile.
        if (addresses.length === 0 || network.places() >= settings.maxDirect) return
        const connection = await network.dial(peer, addresses, { signal }).catch(() => undefined)
        if (connection !== undefined) return
      }
      if (tries === settings.directTries) return
      await delay(backoff.next(), { signal })
    }
  }

  async function dialInTurn(want: Want, network: Direct, isMutual: boolean): Promise<void> {
    const signals = { ended: want.ended.signal, awaited: want.awaited.signal }
    // One of two that both want it waits, and finds it open.
    if (isMutual && self > want.target.peer) await delay(createBackoff(pauses, random).next(), { signal: signals.ended })
    await turns.run(() => {
      want.begin()
      return dial(want.target, network, signals.ended)
    }, signals)
  }

  function mayOpen(peer: string): boolean {
    if (direct === undefined || release === undefined || wanted.has(peer) || direct.peers().has(peer)) return false
    return placesWithout(peer, direct) < settings.maxDirect
  }

  return {
    /** True while there is a direct connection to the peer that has answered. */
    has: (peer: string) => proven.get(peer)?.status === 'open',
    /** See `Ways.wantDirect`. */
    want(target: WayTarget, { isMutual = true, isAwaited = true }: { isMutual?: boolean; isAwaited?: boolean } = {}): boolean {
      const { peer, home } = target
      if (direct === undefined || release === undefined || peer === home) return false
      const known = wanted.get(peer)
      if (known !== undefined) known.target = target // its home may be another one by now
      if (isAwaited) known?.begin()
      if (known !== undefined || openTo(peerIdFromString(peer)) !== undefined) return true
      if (placesWithout(peer, direct, isAwaited) >= settings.maxDirect) return false
      const want = createWant(target)
      wanted.set(peer, want)
      if (isAwaited) want.begin()
      dialInTurn(want, direct, isMutual)
        .catch(() => {})
        .finally(() => wanted.delete(peer))
      return true
    },
    /** See `Ways.mayOpenDirect`. */
    mayOpen,
    /** See `Ways.offerDirect`. */
    offer: (peer: string, send: (bytes: Uint8Array) => void) => (mayOpen(peer) ? direct?.offer(peerIdFromString(peer), send) : undefined),
    /** See `Ways.answerDirect`. */
    answer: (peer: string, send: (bytes: Uint8Array) => void) => (mayOpen(peer) ? direct?.answer(peerIdFromString(peer), send) : undefined),
    /** Hears of each connection that has answered, and of its end. Returns the function that ends it. */
    onChange: (listener: (peer: string, isOpen: boolean) => void) => changes.on(({ peer, isOpen }) => listener(peer, isOpen)),
    /** Something goes over the connection to the peer. Returns the function that ends this. */
    use: (peer: string): (() => void) | undefined => direct?.keep(peer),
    /** Others may connect directly to this tab from now on. */
    start() {
      if (direct === undefined || release !== undefined) return
      release = direct.need(settings.maxDirect)
      libp2p.addEventListener('connection:open', onOpen)
      libp2p.addEventListener('connection:close', onClose)
    },
    stop() {
      release?.()
      release = undefined
      libp2p.removeEventListener('connection:open', onOpen)
      libp2p.removeEventListener('connection:close', onClose)
      for (const { ended } of wanted.values()) ended.abort(new Error('stopped'))
      proven.clear()
    },
  }
}

/**
 * Statements that must stand at the right peers: "these leases are here", "push me the count of this key", "I tap this end". The right
 * peers follow from the statement's key (its record nodes, or a tab's home) and change while the overlay does. A statement is told to each of
 * its peers as soon as there is a stream, told again on each new stream, told to the new ones when the right peers change, and withdrawn from
 * those that are not right any more. The caller does the telling, and reads the answers.
 *
 * ```ts
 * interface Watched extends Standing { listeners: Set<…> }
 * const statements = createStandingStatements<Watched, PresenceStream>({
 *   placement, streams,
 *   tell: (stream, watched) => { for (const { key } of watched) stream.watch(key) },
 *   withdraw: (stream, { key }) => stream.unwatch(key),
 * })
 * statements.add({ ...standing(key), listeners })   // `onOpen` of the streams calls statements.onStream(stream, peer id),
 * statements.refresh()                               // a change of the servers, or of the home, calls refresh
 * ```
 *
 * A protocol whose streams open themselves when something is sent hands in `streams: { get: (peer) => peer, keepOpen() {} }`.
 */

import type { PeerId } from '@libp2p/interface'
import { delay } from '../async/delay.ts'
import { TIMERS, type Timers } from '../async/timers.ts'
import { encodeKeyHex, positionOf } from '../keys/index.ts'
import type { ServerName } from '../network/index.ts'
import type { Key } from '../types.ts'
import type { Placement } from './placement.ts'

/** The state of each statement, to be extended by what it states. Others only read it. */
export interface Standing<Name extends ServerName = PeerId> {
  readonly key: Key
  /** Where the key lies among the servers; undefined for the moment that it takes to find out. */
  position: Uint8Array | undefined
  /** The peers at which it must stand, by id. Bounded by the placement: the record nodes, or one home. */
  peers: ReadonlyMap<string, Name>
  /** It stands at a delegate, which tells the record nodes. */
  isCarried: boolean
}

export function standing<Name extends ServerName = PeerId>(key: Key): Standing<Name> {
  return { key, position: undefined, peers: new Map(), isCarried: false }
}

/** The streams over which statements are told. */
export interface StandingStreams<Stream, Name extends ServerName = PeerId> {
  /** The open stream to a peer, if there is one. */
  get(peer: Name): Stream | undefined
  /** Sees to it that there will be one: `onStream` is called then. */
  keepOpen(peer: Name): void
}

export interface StandingStatementsContext<S extends Standing<Name>, Stream, Name extends ServerName = PeerId> {
  placement: Pick<Placement<Name>, 'targets' | 'delegates' | 'createLeaving'>
  streams: StandingStreams<Stream, Name>
  /** As many at once as there are: they may share a frame. */
  tell(stream: Stream, statements: S[]): void
  withdraw(stream: Stream, statement: S): void
  /** Called after the peers of a statement were looked up: when it is added, and with each `refresh`. @param gone peers that are not right any more */
  onPlaced?(statement: S, gone: string[]): void
  timers?: Timers
}

/** Statements that are looked at between two turns of the event loop, when the servers have changed. */
const STATEMENTS_PER_TURN = 500

export type StandingStatements<S extends Standing<Name>, Stream, Name extends ServerName = PeerId> = ReturnType<
  typeof createStandingStatements<S, Stream, Name>
>

export function createStandingStatements<S extends Standing<Name>, Stream, Name extends ServerName = PeerId>(
  context: StandingStatementsContext<S, Stream, Name>,
) {
  const { placement, streams, tell, withdraw, onPlaced, timers = TIMERS } = context
  /** By key, hex. Bounded by the callers. */
  const statements = new Map<string, S>()

  const isStanding = (statement: S) => statements.get(encodeKeyHex(statement.key)) === statement
  /** Its peers' open streams, for something that is said about it besides: a change, a renewal. */
  const streamsOf = ({ peers }: S) => [...peers.values()].flatMap((peer) => streams.get(peer) ?? [])

  function withdrawFrom(peer: Name, statement: S): void {
    const open = streams.get(peer)
    if (open !== undefined) withdraw(open, statement)
  }

  const leaving = placement.createLeaving?.<S, Name>(withdrawFrom, timers)

  /** All that may have it. */
  const told = (statement: S) => leaving?.toldOf(statement) ?? [...statement.peers.values()]

  function place(statement: S, position: Uint8Array): void {
    const before = statement.peers
    const wasCarried = statement.isCarried
    const fresh = placement.targets(position)
    statement.peers = new Map(fresh.map((peer) => [peer.toString(), peer]))
    statement.isCarried = placement.delegates?.(position) !== undefined
    for (const peer of fresh) {
      if (before.has(peer.toString()) && wasCarried === statement.isCarried) continue
      const open = streams.get(peer)
      if (open === undefined) streams.keepOpen(peer)
      else tell(open, [statement])
    }
    const gone = [...before].filter(([id]) => !statement.peers.has(id))
    for (const [, peer] of gone) {
      if (leaving && (wasCarried || statement.isCarried)) leaving.leave(statement, peer)
      else withdrawFrom(peer, statement)
    }
    onPlaced?.(
      statement,
      gone.map(([id]) => id),
    )
  }

  return {
    /** One for each key. */
    get size() {
      return statements.size
    },
    get: (key: Key) => statements.get(encodeKeyHex(key)),
    values: () => statements.values(),
    /** The statement stands from now on, instead of one with the same key. */
    add(statement: S) {
      statements.set(encodeKeyHex(statement.key), statement)
      void positionOf(statement.key).then((position) => {
        if (!isStanding(statement)) return
        statement.position = position
        place(statement, position)
      })
    },
    /** Withdraws it from its peers. It is gone at once. */
    remove(statement: S) {
      if (!isStanding(statement)) return
      statements.delete(encodeKeyHex(statement.key))
      for (const peer of told(statement)) withdrawFrom(peer, statement)
      leaving?.end(statement)
    },
    streamsOf,
    /** Its peers' open streams, and those of peers that it is leaving: for something of it that is withdrawn. */
    streamsOfAll: (statement: S) => told(statement).flatMap((peer) => streams.get(peer) ?? []),
    /** There is a new stream to a peer: it is told all that must stand there. */
    onStream(opened: Stream, peer: string) {
      const own: S[] = []
      for (const statement of statements.values()) if (statement.peers.has(peer)) own.push(statement)
      if (own.length > 0) tell(opened, own)
    },
    /** The right peers may be others now. In turns, when there are many statements. */
    async refresh() {
      let looked = 0
      for (const statement of [...statements.values()]) {
        if (++looked % STATEMENTS_PER_TURN === 0) await delay(0, {}, timers)
        if (statement.position !== undefined && isStanding(statement)) place(statement, statement.position)
      }
    },
    /** True when something must stand at the peer. */
    needs(peer: string) {
      for (const { peers } of statements.values()) if (peers.has(peer)) return true
      return false
    },
  }
}

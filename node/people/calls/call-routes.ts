/**
 * Sessions that carry the calls: one for each peer, opened by the first call, shared by both directions, and left for a direct one once
 * that has answered. Sessions that nobody uses are closed.
 */

import { createSingleFlight } from '../../async/single-flight.ts'
import { MayflyError } from '../../errors.ts'
import type { OpenWayOptions, Session } from '../way/types.ts'
import { type CallSession, type CallSessionListener, createCallSession } from './call-session.ts'
import type { Deadline, Deadlines } from './deadlines.ts'

/** How long the other end may take to close an idle session, in ms. */
const LEAVE_MS = 10_000
/** How long a direct session may take to answer its first ping, in ms. */
const ANSWER_MS = 3_000
/** A direct connection is asked for again after this, in ms: its peer had no place for one more, or could not be reached. */
const WANT_MS = 1_000
/** The better way has the larger number. */
const RANK = { relayed: 0, socket: 1, direct: 2 } as const

export interface CallRoutesContext {
  /** Opens a session for calls. @throws as `SessionOpener.open` */
  open(peer: string, options: OpenWayOptions): Promise<Session>
  /** Calls of this end follow each other on a relayed session: a direct connection would be of use. */
  onRelayed(peer: string): void
  onCall: CallSessionListener['onCall']
  deadlines: Deadlines
  now(): number
  /** A session without calls is closed after this, in ms. */
  idleMs: number
}

export type CallRoutes = ReturnType<typeof createCallRoutes>

export function createCallRoutes({ open, onRelayed, onCall, deadlines, now, idleMs }: CallRoutesContext) {
  /** The session for new calls, by peer. Bounded as `all` is. */
  const current = new Map<string, CallSession>()
  /** All that have not ended, with the deadlines of their idle time. Bounded by the limits of sessions. */
  const all = new Map<CallSession, Deadline>()
  const opening = createSingleFlight<string, CallSession>()
  const upgrading = createSingleFlight<string, void>()
  /** Sessions that have carried a call of this end, and when a direct connection in their place was asked for. */
  const called = new WeakSet<CallSession>()
  const wantedAtMs = new WeakMap<CallSession, number>()

  const listener: CallSessionListener = {
    onCall,
    onClosing(session) {
      if (current.get(session.remote.peer) === session) current.delete(session.remote.peer)
    },
    onEnd(session) {
      const idle = all.get(session)
      if (idle !== undefined) deadlines.delete(idle)
      all.delete(session)
    },
  }

  function adopt(session: Session): CallSession {
    const adopted = createCallSession(session, listener, now)
    const idle: Deadline = { atMs: now() + idleMs, onLate: () => leaveIfIdle(adopted, idle) }
    all.set(adopted, idle)
    deadlines.add(idle)
    return adopted
  }

  function leaveIfIdle(session: CallSession, idle: Deadline): void {
    const { idleSinceMs = now() } = session
    idle.atMs = idleSinceMs + idleMs
    if (idle.atMs <= now()) {
      if (!session.isUsable) {
        session.abort(new MayflyError('ERR_LEFT', 'The other side did not close its idle session'))
        return
      }
      session.leave()
      idle.atMs = now() + LEAVE_MS
    }
    deadlines.add(idle)
  }

  /** The session carries the calls from now on; the one before ends when its calls have. */
  function prefer(session: CallSession): void {
    const { peer } = session.remote
    const before = current.get(peer)
    current.set(peer, session)
    if (before !== undefined && before !== session) before.leave()
  }

  /**
   * A first call wants none: of one call to a whole room, ten connections that nobody needs afterwards would be opened, each of which costs more than
   * all its calls, and makes them late.
   */
  function wantDirect(session: CallSession): void {
    const isFirst = !called.has(session)
    called.add(session)
    if (isFirst || session.kind !== 'relayed' || now() - (wantedAtMs.get(session) ?? Number.NEGATIVE_INFINITY) < WANT_MS) return
    wantedAtMs.set(session, now())
    onRelayed(session.remote.peer)
  }

  async function openNew(peer: string, signal: AbortSignal): Promise<CallSession> {
    const session = adopt(await open(peer, { signal }))
    called.add(session)
    const inbound = current.get(peer)
    if (inbound === undefined || RANK[inbound.kind] < RANK[session.kind]) prefer(session)
    return session
  }

  /** Believed once it has answered: a dial may succeed though nothing gets through. */
  async function openDirect(peer: string, signal: AbortSignal): Promise<void> {
    const session = adopt(await open(peer, { signal, prefer: 'direct' }))
    if (session.kind !== 'direct') {
      session.leave()
      return
    }
    const late: Deadline = {
      atMs: now() + ANSWER_MS,
      onLate: () => session.abort(new MayflyError('ERR_UNAVAILABLE', 'The direct way did not answer')),
    }
    deadlines.add(late)
    const isAnswered = await session.ping()
    deadlines.delete(late)
    if (isAnswered && session.isUsable) prefer(session)
  }

  return {
    /** The session that is open, at once, for one call more. */
    get(peer: string): CallSession | undefined {
      const session = current.get(peer)
      if (session?.isUsable !== true) return undefined
      wantDirect(session)
      return session
    },
    /** Opens one; callers at the same time share it. @throws as `CallRoutesContext.open`; signal.reason, when aborted */
    open: (peer: string, signal: AbortSignal) => opening.run(peer, (shared) => openNew(peer, shared), { signal }),
    /** Takes a session that the other end opened. */
    take(session: Session) {
      const adopted = adopt(session)
      const { peer } = session.remote
      const known = current.get(peer)
      if (known === undefined || RANK[known.kind] < RANK[session.kind]) current.set(peer, adopted)
    },
    /** A direct connection to the peer has opened. */
    onDirect(peer: string) {
      if (current.get(peer)?.kind !== 'relayed') return
      upgrading.run(peer, (signal) => openDirect(peer, signal)).catch(() => {}) // the relayed one stays
    },
    /** Ends all sessions with the peer, and all calls on them. */
    abort(peer: string, reason: Error) {
      for (const session of [...all.keys()]) if (session.remote.peer === peer) session.abort(reason)
    },
    stop(reason: Error) {
      opening.stop(reason)
      upgrading.stop(reason)
      for (const session of [...all.keys()]) session.abort(reason)
    },
    get size() {
      return all.size
    },
  }
}

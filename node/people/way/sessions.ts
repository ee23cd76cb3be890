/**
 * Sessions: ways on which both ends have said and proven who they are. The end that opens one says who it is first; the other end checks that,
 * decides, and only then says who it is itself, so that a stranger learns no account from asking.
 */

import { abortable, createTimeout, onAbort } from '../../async/abort.ts'
import { createQuota } from '../../async/quota.ts'
import { MayflyError, type MayflyErrorCode } from '../../errors.ts'
import type { Hello } from '../format/hello.ts'
import type { Identity, IdentityProof, VerifyIdentity } from '../format/identity.ts'
import { createSessionEnd, type SessionEnd } from './session.ts'
import { PEOPLE_PROTOCOL } from './trunks.ts'
import type { OpenWayOptions, Session, SessionRefusal, Sessions, Topic, Way, Ways, WayTarget } from './types.ts'

export const SESSIONS_DEFAULTS = {
  /** How long opening a session may take, the way included, in ms. */
  openTimeoutMs: 15_000,
  /** How long an end that opens a way may take to say who it is, in ms. */
  helloTimeoutMs: 10_000,
  /** Sessions that one peer may have open here: a link, calls, and a channel for each thing that two pages do together. */
  maxInboundPerPeer: 32,
  /** Sessions that others have open here. */
  maxInbound: 2_048,
  /** Of these, streams whose other end has not proven yet who it is. */
  maxUnproven: 128,
  /** Of these, of one peer. */
  maxUnprovenPerPeer: 16,
}

export type SessionsOptions = Partial<typeof SESSIONS_DEFAULTS>

export interface SessionsContext {
  ways: Pick<Ways, 'open' | 'handle'>
  /** The identity of this end, as it stands now. */
  identity(): IdentityProof | Promise<IdentityProof>
  /** Checks the other end's proof against the peer id that its connection has proven. The other end is told a refusal. */
  verify(proof: IdentityProof, peer: string): ReturnType<VerifyIdentity>
}

interface Handler {
  accept: Parameters<Sessions['handle']>[1]
  onSession: Parameters<Sessions['handle']>[2]
}

export function createSessions(context: SessionsContext, options: SessionsOptions = {}): Sessions & { start(): void; stop(): void } {
  const settings = { ...SESSIONS_DEFAULTS, ...options }
  const handlers = new Map<Topic['kind'], Handler>()
  const unproven = createQuota({ max: settings.maxUnproven, maxPerKey: settings.maxUnprovenPerPeer })
  /** Ends of all open sessions, and of those that begin. Bounded by the ways. */
  const ends = new Set<SessionEnd>()
  let unhandle: (() => void) | undefined
  let isStopped = false

  /** The other end opened the way. */
  function onWay(way: Way): void {
    const leave = unproven.enter(way.peer)
    if (typeof leave === 'string') {
      way.abort(new MayflyError('ERR_LIMIT', `Over ${settings.maxUnproven} streams whose peers are not proven`))
      return
    }
    const late = createTimeout(settings.helloTimeoutMs)
    const settle = () => {
      late.end()
      leave()
    }
    const end = createSessionEnd(way, {
      onHello(hello) {
        late.end()
        answer(way, end, hello)
          .catch((error: unknown) => refuseError(end, error))
          .finally(settle)
      },
      onRefused() {},
      onEnd() {},
      onOver() {
        settle()
        ends.delete(end)
      },
    })
    ends.add(end)
    onAbort(late.signal, () => end.abort(new MayflyError('ERR_UNAVAILABLE', 'The other side did not say who it is in time')))
  }

  async function answer(way: Way, end: SessionEnd, hello: Hello): Promise<void> {
    const { topic } = hello
    const remote = prove(way, hello)
    const handler = handlers.get(topic.kind)
    const verdict = (await handler?.accept(remote, topic)) ?? {
      code: 'ERR_REFUSED',
      text: `Nobody takes a session of kind ${topic.kind} here`,
    }
    if (!('answer' in verdict)) {
      end.refuse(verdict)
      return
    }
    const own = await context.identity()
    end.sendHello({ ...own, topic: verdict.answer })
    const session = end.open({ remote, topic, answered: verdict.answer })
    if (session !== undefined) handler?.onSession(session)
  }

  /** @throws {MayflyError} the refusal */
  function prove({ peer }: Way, proof: IdentityProof): Identity {
    const { identity, refusal } = context.verify(proof, peer)
    if (identity === undefined) throw new MayflyError(refusal.code, refusal.text)
    return identity
  }

  async function open(target: WayTarget, topic: Topic, { timeoutMs = settings.openTimeoutMs, signal, ...own }: OpenWayOptions = {}) {
    signal?.throwIfAborted()
    const late = createTimeout(timeoutMs)
    const inTime = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal])
    try {
      const identity = await context.identity()
      const way = await context.ways.open(target, PEOPLE_PROTOCOL, { ...own, signal: inTime, timeoutMs })
      return await beginSession(way, { ...identity, topic }, inTime)
    } catch (error) {
      signal?.throwIfAborted()
      if (late.signal.aborted) throw new MayflyError('ERR_UNAVAILABLE', `No session in ${timeoutMs} ms`, { cause: error })
      throw error
    } finally {
      late.end()
    }
  }

  /** Says who this end is, and waits for the other's word. */
  function beginSession(way: Way, hello: Hello, signal: AbortSignal): Promise<Session> {
    let end: SessionEnd | undefined
    const opened = abortable<Session>(signal, (resolve, reject) => {
      const mine = createSessionEnd(way, {
        onHello(answered) {
          const remote = prove(way, answered)
          const session = mine.open({ remote, topic: hello.topic, answered: answered.topic })
          if (session !== undefined) resolve(session)
        },
        onRefused: (refusal) => reject(refusalError(refusal)),
        onOver: () => void ends.delete(mine),
        onEnd(reason) {
          reject(
            reason instanceof MayflyError
              ? reason
              : new MayflyError('ERR_UNAVAILABLE', 'The other side ended the stream', { cause: reason }),
          )
        },
      })
      end = mine
      ends.add(mine)
      mine.sendHello(hello)
      return undefined
    })
    // Also when the other end's identity is refused here, or the caller has left.
    opened.catch((error: unknown) => end?.abort(error instanceof Error ? error : new Error(String(error))))
    return opened
  }

  return {
    open: async (...args) => {
      if (isStopped) throw new MayflyError('ERR_NOT_STARTED', 'Sessions have been stopped')
      return open(...args)
    },
    handle(kind, accept, onSession) {
      if (handlers.has(kind)) throw new TypeError(`Sessions of kind ${kind} have a handler already`)
      handlers.set(kind, { accept, onSession })
      return () => void handlers.delete(kind)
    },
    start() {
      const { maxInboundPerPeer, maxInbound } = settings
      unhandle ??= context.ways.handle(PEOPLE_PROTOCOL, onWay, { maxInboundPerPeer, maxInbound })
    },
    /** Takes no more, and ends all: those who are done with theirs close them before. */
    stop() {
      isStopped = true
      unhandle?.()
      for (const end of ends) end.abort(new MayflyError('ERR_NOT_STARTED', 'This peer has stopped'))
    },
  }
}

function refuseError(end: SessionEnd, error: unknown): void {
  if (error instanceof MayflyError) end.refuse({ code: error.code, text: error.message })
  else end.abort(error instanceof Error ? error : new Error(String(error)))
}

function refusalError({ code, text }: SessionRefusal): MayflyError {
  return new MayflyError(code as MayflyErrorCode, text)
}

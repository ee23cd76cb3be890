/** The caller's side of one call to one instance: opens a session where there is none, and ends in an answer or an error, whatever happens there. */

import { MayflyError } from '../../errors.ts'
import type { CallError, Person } from '../types.ts'
import type { CollectedAnswers } from './answers.ts'
import type { CallListener } from './asked-calls.ts'
import type { CallRoutes } from './call-routes.ts'
import { type CallSession, TOO_MUCH_WAITS } from './call-session.ts'
import type { Deadline, Deadlines } from './deadlines.ts'

export interface InstanceCallContext {
  routes: CallRoutes
  deadlines: Deadlines
  now(): number
  /** Calls that wait for a session, by peer. */
  opening: Map<string, Set<(error: CallError) => void>>
}

export interface InstanceCallOptions {
  module: string
  data: Uint8Array
  timeoutMs: number
}

/** @returns begins the call, unless it has ended already */
export function createInstanceCall(
  { routes, deadlines, now, opening }: InstanceCallContext,
  answers: CollectedAnswers,
  person: Person,
  { module, data, timeoutMs }: InstanceCallOptions,
): () => void {
  const peer = person.instance
  let isOver = false
  /** Aborted when the session that is being opened for it is not needed any more. */
  let waiting: AbortController | undefined
  let cancelSent: (() => void) | undefined
  /** Answers that the reader has not taken: the other side has done its part. */
  let untaken = 0
  const deadline: Deadline = {
    atMs: 0,
    onLate: () => fail({ code: 'ERR_TIMEOUT', message: `No answer came in ${timeoutMs} ms` }),
  }
  const sink = answers.expect(cancel)

  function startTime(): void {
    deadline.atMs = now() + timeoutMs
    deadlines.add(deadline)
  }

  function end(): void {
    isOver = true
    deadlines.delete(deadline)
    if (waiting !== undefined) stopWaiting()
  }

  function stopWaiting(): void {
    waiting?.abort()
    waiting = undefined
    const others = opening.get(peer)
    others?.delete(fail)
    if (others?.size === 0) opening.delete(peer)
  }

  /** Nobody reads the answer any more. */
  function cancel(): void {
    if (isOver) return
    end()
    cancelSent?.()
  }

  function fail(error: CallError): void {
    if (isOver) return
    cancel()
    sink.push({ person, error })
    sink.done()
  }

  const listener: CallListener = {
    onAnswer(value, onTaken) {
      if (onTaken === undefined) {
        sink.push({ person, value })
        return
      }
      untaken++
      deadlines.delete(deadline)
      sink.push({ person, value }, () => {
        onTaken()
        if (--untaken === 0 && !isOver) startTime()
      })
    },
    onEnd(error) {
      end()
      if (error !== undefined) sink.push({ person, error })
      sink.done()
    },
  }

  function send(session: CallSession): void {
    if (isOver) return
    stopWaiting()
    if (session.isUsable) {
      cancelSent = session.begin(module, data, listener)
      if (cancelSent === undefined) fail(TOO_MUCH_WAITS)
    } else begin()
  }

  function begin(): void {
    const session = routes.get(peer)
    if (session !== undefined) {
      send(session)
      return
    }
    waiting = new AbortController()
    const others = opening.get(peer)
    if (others === undefined) opening.set(peer, new Set([fail]))
    else others.add(fail)
    routes.open(peer, waiting.signal).then(send, (error: unknown) => fail(asCallError(error)))
  }

  return () => {
    if (isOver) return
    startTime()
    begin()
  }
}

/** A way that cannot be opened is one on which the other side has left; one for which there is no room now is busy. */
export function asCallError(error: unknown): CallError {
  const { code, message } = error instanceof MayflyError ? error : { code: 'ERR_UNAVAILABLE', message: String(error) }
  if (code === 'ERR_UNAVAILABLE') return { code: 'ERR_LEFT', message: `The other side could not be reached. ${message}` }
  return { code: code === 'ERR_LIMIT' ? 'ERR_BUSY' : code, message }
}

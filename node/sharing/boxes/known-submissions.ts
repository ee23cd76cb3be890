/** Submissions that a box knows, how each stands, and the senders who hear of it. */

import { bytesToHex } from '@noble/hashes/utils.js'
import { createEmitter } from '../../async/emitter.ts'
import type { DropNews, DropRefusal } from '../types.ts'
import { type KnownSubmission, MAX_KNOWN_SUBMISSIONS } from './box-record.ts'

/** One connection of a sender. */
export interface Sender {
  readonly peer: string
  readonly isOpen: boolean
  asked(submission: Uint8Array): void
  accepted(submission: Uint8Array): void
  refused(submission: Uint8Array, refusal: DropRefusal): void
  news(submission: Uint8Array, news: DropNews): void
}

export type KnownSubmissions = ReturnType<typeof createKnownSubmissions>

export function createKnownSubmissions(kept: readonly KnownSubmission[]) {
  const changes = createEmitter<void>()
  /** By id in hex, oldest first. Bounded: MAX_KNOWN_SUBMISSIONS; the oldest that is complete or refused is forgotten first. */
  const known = new Map(kept.map((each) => [bytesToHex(each.id), each]))
  /** Senders that want news of a submission, by its id in hex. Bounded by the connections. */
  const followers = new Map<string, Set<Sender>>()
  const isEnd = ({ state }: KnownSubmission) => state === 'done' || state === 'refused'
  const unfinished = () => [...known.values()].filter((each) => !isEnd(each))

  function forgetOne(): void {
    for (const [id, each] of known) {
      if (!isEnd(each)) continue
      known.delete(id)
      return
    }
  }

  return {
    get: (id: string) => known.get(id),
    unfinished,
    list: (): KnownSubmission[] => [...known.values()],
    onChange: changes.on,
    add(id: string, submission: KnownSubmission): void {
      if (!known.has(id) && known.size >= MAX_KNOWN_SUBMISSIONS) forgetOne()
      known.set(id, submission)
      changes.emit()
    },
    /** The sender hears of it from now on. */
    follow(id: string, sender: Sender): void {
      for (const [other, senders] of followers) {
        for (const each of senders) if (!each.isOpen) senders.delete(each)
        if (senders.size === 0) followers.delete(other)
      }
      followers.set(id, (followers.get(id) ?? new Set()).add(sender))
    },
    /** Its words are kept until it is complete. One that is over is refused when its sender comes back with it. */
    tell(id: string, { state, text }: DropNews): void {
      const before = known.get(id)
      if (before === undefined || isEnd(before) || (before.state === state && before.text === text)) return
      const kept = state === 'over' ? 'refused' : state
      known.set(id, { ...before, state: kept, text, ...((state === 'done' || state === 'over') && { words: '' }) })
      changes.emit()
      for (const sender of followers.get(id) ?? []) sender.news(before.id, { state, text })
    },
  }
}

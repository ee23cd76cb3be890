/**
 * Delivery rounds: bring stored messages to the home of a receiver that has come. A few messages are in flight at once, since all of them may
 * be more than a home lets in; what the home refuses is brought again, since its sender may be gone and nobody else would send it.
 */

import type { PeerId } from '@libp2p/interface'
import { encodeKeyHex } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { Envelope } from '../format/envelope.ts'
import type { DeliveryProgress } from '../protocol/wire.ts'
import type { StoredMessages } from './stored-messages.ts'

/** Messages in flight at once: far fewer than a home lets one stream have waiting (fair-queue.ts). */
const MAX_IN_FLIGHT = 64
/** Passes over what a home refuses, and the shortest and longest wait between two, in ms. */
const MAX_PASSES = 32
const MIN_WAIT_MS = 250
const MAX_WAIT_MS = 10_000

/** @param copy asks a home to take a message; the answer is undefined when the home cannot be asked */
export function createDeliveryRounds(
  stored: Pick<StoredMessages, 'ids' | 'get'>,
  copy: (envelope: Envelope, home: PeerId, onAnswer: (progress: DeliveryProgress | undefined) => void) => void,
) {
  /**
   * By end and home; `isAgain`: another round was asked for meanwhile. Bounded: each end has messages here, and each home a connection.
   */
  const rounds = new Map<string, { isAgain: boolean; timer?: ReturnType<typeof setTimeout> }>()

  /** Brings all stored messages of the end to that home. */
  function begin(end: Key, home: PeerId): void {
    const name = `${encodeKeyHex(end)} ${home}`
    const known = rounds.get(name)
    if (known !== undefined) {
      known.isAgain = true
      return
    }
    const round: { isAgain: boolean; timer?: ReturnType<typeof setTimeout> } = { isAgain: false }
    rounds.set(name, round)
    bring(stored.ids(end), 1)

    function bring(ids: readonly string[], pass: number): void {
      const refused: string[] = []
      let waitMs = MIN_WAIT_MS
      let next = 0
      let inFlight = 0
      let isReachable = true

      function onAnswer(id: string, progress: DeliveryProgress | undefined): void {
        inFlight--
        if (progress === undefined)
          isReachable = false // the home asks for its messages again when it is back
        else if (progress.refusal !== undefined) {
          refused.push(id)
          waitMs = Math.max(waitMs, progress.refusal.retryAfterMs)
        }
        proceed()
      }

      function proceed(): void {
        while (isReachable && next < ids.length && inFlight < MAX_IN_FLIGHT && isCurrent()) {
          const id = ids[next++] as string
          const envelope = stored.get(id) // undefined when a receipt came meanwhile
          if (envelope === undefined) continue
          inFlight++
          copy(envelope, home, (progress) => onAnswer(id, progress))
        }
        if (inFlight > 0 || !isCurrent()) return
        if (isReachable && refused.length > 0 && pass < MAX_PASSES) {
          round.timer = setTimeout(() => bring(refused, pass + 1), Math.min(waitMs, MAX_WAIT_MS))
          return
        }
        rounds.delete(name)
        if (round.isAgain) begin(end, home)
      }

      proceed()
    }

    function isCurrent(): boolean {
      return rounds.get(name) === round
    }
  }

  return {
    begin,
    stop() {
      for (const { timer } of rounds.values()) clearTimeout(timer)
      rounds.clear()
    },
  }
}

/**
 * Mail on its way to the home of a receiver that has come: a little at a time, since all of it may be more than a home takes in at once, and
 * again what that home cannot take now. Its sender may be gone, and then nobody else sends it again.
 */

import type { PeerId } from '@libp2p/interface'
import { encodeKeyHex } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { Envelope } from '../format/envelope.ts'
import type { DeliveryProgress } from '../protocol/wire.ts'
import type { StoredMessages } from './stored-messages.ts'

export interface DeliveryRoundsContext {
  mail: Pick<StoredMessages, 'ids' | 'get'>
  /** Asks a home to take it. Told undefined when that cannot be asked. */
  copy(envelope: Envelope, home: PeerId, reply: (progress: DeliveryProgress | undefined) => void): void
}

export interface DeliveryRounds {
  /** All that is kept for the end, to that home. */
  begin(end: Key, home: PeerId): void
  stop(): void
}

/** Letters of a round under way at once: far under what a home lets one stream have waiting (fair-queue.ts). */
const MAX_UNDER_WAY = 64
/** How often what a home cannot take is brought again, and the shortest and longest wait before that, in ms. */
const MAX_PASSES = 32
const MIN_WAIT_MS = 250
const MAX_WAIT_MS = 10_000

interface Round {
  isAgain: boolean
  timer?: ReturnType<typeof setTimeout>
}

export function createDeliveryRounds({ mail, copy }: DeliveryRoundsContext): DeliveryRounds {
  /** By end and home. Bounded: each end has mail here, and each home a connection. */
  const rounds = new Map<string, Round>()

  function begin(end: Key, home: PeerId): void {
    const name = `${encodeKeyHex(end)} ${home}`
    const known = rounds.get(name)
    if (known !== undefined) {
      known.isAgain = true
      return
    }
    const round: Round = { isAgain: false }
    rounds.set(name, round)
    bring(mail.ids(end), 1)

    function bring(ids: readonly string[], pass: number): void {
      const refused: string[] = []
      let waitMs = MIN_WAIT_MS
      let next = 0
      let underWay = 0
      let isReachable = true

      function onReply(id: string, progress: DeliveryProgress | undefined): void {
        underWay--
        if (progress === undefined)
          isReachable = false // it asks for its mail again when it is back
        else if (progress.refusal !== undefined) {
          refused.push(id)
          waitMs = Math.max(waitMs, progress.refusal.retryAfterMs)
        }
        goOn()
      }

      function goOn(): void {
        while (isReachable && next < ids.length && underWay < MAX_UNDER_WAY && isCurrent()) {
          const id = ids[next++] as string
          const envelope = mail.get(id) // undefined when it was receipted meanwhile
          if (envelope === undefined) continue
          underWay++
          copy(envelope, home, (progress) => onReply(id, progress))
        }
        if (underWay > 0 || !isCurrent()) return
        if (isReachable && refused.length > 0 && pass < MAX_PASSES) {
          round.timer = setTimeout(() => bring(refused, pass + 1), Math.min(waitMs, MAX_WAIT_MS))
          return
        }
        rounds.delete(name)
        if (round.isAgain) begin(end, home)
      }

      goOn()
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

/**
 * A tab's taps as its home knows them: told when they are made, told again to each new home, and once for each end, whoever in the tab
 * taps it. What comes is given to each tap by its own rules.
 */

import type { PeerId } from '@libp2p/interface'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import { inTime } from '../../network/index.ts'
import type { Key } from '../../types.ts'
import type { Envelope } from '../format/envelope.ts'
import { readEnvelopeFields } from '../format/envelope-fields.ts'
import { passesRules, RULE_LIMITS } from '../format/rules.ts'
import type { TapProof } from '../format/tap-proof.ts'
import type { RequestStreams } from '../protocol/request-streams.ts'
import type { DeclineFrame, ReceiptFrame } from '../protocol/wire.ts'
import type { MessageSecret } from '../types.ts'
import type { Subscription, Subscriptions } from './subscriptions.ts'

export interface HomeTapsContext {
  subscriptions: Subscriptions
  streams: RequestStreams
  home(): PeerId | undefined
  prove(secret: MessageSecret, home: PeerId): TapProof
}

export interface HomeTaps {
  /**
   * The seat is among the seats already. Resolves once the home has taken it, or after a short while when there is no home.
   *
   * @throws {MayflyError} ERR_LIMIT, ERR_WRONG_KEY
   */
  add(subscription: Subscription, secret: MessageSecret): Promise<void>
  /** The seat is no longer among the seats. */
  remove(subscription: Subscription): void
  give(subscription: Subscription, envelope: Envelope): void
  tell(frame: ReceiptFrame | DeclineFrame): void
  /** There is a home: a new one, or the same again. */
  onHome(): void
  onChannelEnd(peer: PeerId): void
  stop(): void
}

/** How long a home may take to take a tap, in ms. */
const TAP_MS = 4_000
/** A stream to the home that ended is opened again after this long, in ms, unless another home comes first. */
const RETELL_MS = 500

export function createHomeTaps({ subscriptions, streams, home, prove }: HomeTapsContext): HomeTaps {
  /** By the end's key, hex: the secret that proves it. Bounded by the taps. */
  const secrets = new Map<string, MessageSecret>()
  let retelling: ReturnType<typeof setTimeout> | undefined
  let isStopped = false

  /** One tap for all of an end: the home sends what any of them wants. */
  function tellEnd(end: Key, to: PeerId): Promise<void> {
    const own = [...subscriptions.at(end)]
    const secret = secrets.get(encodeKeyHex(end))
    if (own.length === 0) return Promise.resolve()
    const all = own.flatMap(({ rules }) => rules)
    const rules = own.some((subscription) => subscription.rules.length === 0) || all.length > RULE_LIMITS.maxRules ? [] : all
    const isProved = own.some(({ proof }) => proof !== undefined)
    const proof = isProved && secret !== undefined ? prove(secret, to) : undefined
    return new Promise((resolve, reject) => {
      const forget = streams.ask(
        to,
        (sequence) => ({ type: 'tap', sequence, end, rules, keeps: own.some(({ keeps }) => keeps), proof }),
        (answer) => {
          forget()
          if (answer.type === 'unreachable') retellSoon(to)
          if (answer.type !== 'tapped' || answer.refused === undefined) return resolve()
          reject(
            answer.refused === 'taps'
              ? new MayflyError('ERR_LIMIT', 'Cannot tap another end: the home has as many taps as it takes')
              : new MayflyError('ERR_WRONG_KEY', 'Cannot tap this hashname: the home did not believe the proof'),
          )
        },
      )
    })
  }

  /** A home that cannot be told now is told later, for as long as it is the home. */
  function retellSoon(to: PeerId): void {
    if (isStopped || !home()?.equals(to)) return
    clearTimeout(retelling)
    retelling = setTimeout(tellAll, RETELL_MS)
  }

  function tellAll(): void {
    const to = home()
    if (to === undefined || isStopped) return
    const ends = new Map([...subscriptions.all()].map(({ end }) => [encodeKeyHex(end), end]))
    for (const end of ends.values()) tellEnd(end, to).catch(() => {})
  }

  return {
    async add(subscription, secret) {
      secrets.set(encodeKeyHex(subscription.end), secret)
      const to = home()
      if (to !== undefined) await inTime(tellEnd(subscription.end, to), TAP_MS)
    },
    remove(subscription) {
      const to = home()
      const others = [...subscriptions.at(subscription.end)]
      if (others.length === 0) secrets.delete(encodeKeyHex(subscription.end))
      if (to === undefined || isStopped) return
      if (others.length === 0) streams.tell(to, { type: 'untap', end: subscription.end })
      else tellEnd(subscription.end, to).catch(() => {})
    },
    give(subscription, envelope) {
      if (subscription.rules.length > 0) {
        const fields = readEnvelopeFields(envelope)
        if (fields === undefined || !passesRules(subscription.rules, fields)) return
      }
      subscription.give(envelope)
    },
    tell(frame) {
      const to = home()
      if (to !== undefined) streams.tell(to, frame)
    },
    onHome: tellAll,
    onChannelEnd(peer) {
      if (subscriptions.size > 0) retellSoon(peer)
    },
    stop() {
      isStopped = true
      clearTimeout(retelling)
    },
  }
}

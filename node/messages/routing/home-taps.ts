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
import type { Channels } from '../protocol/channels.ts'
import type { DeclineFrame, ReceiptFrame, TapProof } from '../protocol/wire.ts'
import type { MessageSecret } from '../types.ts'
import type { Seat, Seats } from './seats.ts'

export interface HomeTapsContext {
  seats: Seats
  channels: Channels
  home(): PeerId | undefined
  prove(secret: MessageSecret, home: PeerId): TapProof
}

export interface HomeTaps {
  /**
   * The seat is among the seats already. Resolves once the home has taken it, or after a short while when there is no home.
   *
   * @throws {MayflyError} ERR_LIMIT, ERR_WRONG_KEY
   */
  add(seat: Seat, secret: MessageSecret): Promise<void>
  /** The seat is no longer among the seats. */
  remove(seat: Seat): void
  give(seat: Seat, envelope: Envelope): void
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

export function createHomeTaps({ seats, channels, home, prove }: HomeTapsContext): HomeTaps {
  /** By the end's key, hex: the secret that proves it. Bounded by the taps. */
  const secrets = new Map<string, MessageSecret>()
  let retelling: ReturnType<typeof setTimeout> | undefined
  let isStopped = false

  /** One tap for all of an end: the home sends what any of them wants. */
  function tellEnd(end: Key, to: PeerId): Promise<void> {
    const own = [...seats.at(end)]
    const secret = secrets.get(encodeKeyHex(end))
    if (own.length === 0) return Promise.resolve()
    const all = own.flatMap(({ rules }) => rules)
    const rules = own.some((seat) => seat.rules.length === 0) || all.length > RULE_LIMITS.maxRules ? [] : all
    const isProved = own.some(({ proof }) => proof !== undefined)
    const proof = isProved && secret !== undefined ? prove(secret, to) : undefined
    return new Promise((resolve, reject) => {
      const forget = channels.ask(
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
    const ends = new Map([...seats.all()].map(({ end }) => [encodeKeyHex(end), end]))
    for (const end of ends.values()) tellEnd(end, to).catch(() => {})
  }

  return {
    async add(seat, secret) {
      secrets.set(encodeKeyHex(seat.end), secret)
      const to = home()
      if (to !== undefined) await inTime(tellEnd(seat.end, to), TAP_MS)
    },
    remove(seat) {
      const to = home()
      const others = [...seats.at(seat.end)]
      if (others.length === 0) secrets.delete(encodeKeyHex(seat.end))
      if (to === undefined || isStopped) return
      if (others.length === 0) channels.tell(to, { type: 'untap', end: seat.end })
      else tellEnd(seat.end, to).catch(() => {})
    },
    give(seat, envelope) {
      if (seat.rules.length > 0) {
        const fields = readEnvelopeFields(envelope)
        if (fields === undefined || !passesRules(seat.rules, fields)) return
      }
      seat.give(envelope)
    },
    tell(frame) {
      const to = home()
      if (to !== undefined) channels.tell(to, frame)
    },
    onHome: tellAll,
    onChannelEnd(peer) {
      if (seats.size > 0) retellSoon(peer)
    },
    stop() {
      isStopped = true
      clearTimeout(retelling)
    },
  }
}

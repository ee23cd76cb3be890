/**
 * Taps of a tab at its home: one statement for each end, which stands at whatever node is the home now, and says what any tap of the tab wants.
 * The messages that come are delivered to each tap by its own rules.
 */

import type { PeerId } from '@libp2p/interface'
import { MayflyError } from '../../errors.ts'
import { inTime } from '../../network/index.ts'
import { createStandingStatements, createTabPlacement, type Standing, standing } from '../../rendezvous/index.ts'
import type { TapProof } from '../format/proof.ts'
import { RULE_LIMITS } from '../format/rules.ts'
import type { RequestAnswer, RequestStreams } from '../protocol/request-streams.ts'
import type { MessageSecret } from '../types.ts'
import type { Subscription, Subscriptions } from './subscriptions.ts'

export interface HomeTapsContext {
  subscriptions: Subscriptions
  streams: Omit<RequestStreams, 'stop'>
  home(): PeerId | undefined
  prove(secret: MessageSecret, home: PeerId): TapProof
}

interface HomeTap extends Standing {
  /** Proves the end, when it is a hashname. */
  secret: MessageSecret
  /** Callers of `add`, which wait for the home's answer. */
  waiting: PromiseWithResolvers<void>[]
}

/** How long a home may take to take a tap, in ms. */
const TAP_MS = 4_000

export function createHomeTaps({ subscriptions, streams, home, prove }: HomeTapsContext) {
  const taps = createStandingStatements<HomeTap, PeerId>({
    placement: createTabPlacement(home),
    streams: { get: (peer) => (streams.isOpen(peer) ? peer : undefined), keepOpen: streams.keepOpen },
    tell: (to, all) => {
      for (const tap of all) sendTap(to, tap)
    },
    withdraw: (from, { key }) => streams.send(from, { type: 'untap', end: key }),
    onPlaced(tap) {
      if (tap.peers.size === 0) for (const { resolve } of tap.waiting.splice(0)) resolve()
    },
  })

  /** One tap stands for all of an end: the home sends what any of them wants. */
  function sendTap(to: PeerId, tap: HomeTap): void {
    const own = [...subscriptions.at(tap.key)]
    const all = own.flatMap(({ rules }) => rules)
    const rules = own.some((subscription) => subscription.rules.length === 0) || all.length > RULE_LIMITS.maxRules ? [] : all
    const keeps = own.some((subscription) => subscription.keeps)
    const proof = own.some((subscription) => subscription.proof !== undefined) ? prove(tap.secret, to) : undefined
    const waiting = tap.waiting.splice(0)
    streams.request(
      to,
      (sequence) => ({ type: 'tap', sequence, end: tap.key, rules, keeps, proof }),
      (answer) => {
        const error = refusalOf(answer)
        for (const { resolve, reject } of waiting) error === undefined ? resolve() : reject(error)
      },
    )
  }

  function resend(tap: HomeTap): void {
    for (const to of taps.streamsOf(tap)) sendTap(to, tap)
  }

  /** True while taps must stand at the peer. */
  const isWanted = (peer: PeerId) => taps.size > 0 && home()?.equals(peer) === true
  const keepOpen = (peer: PeerId | undefined) => {
    if (peer !== undefined && isWanted(peer)) streams.keepOpen(peer)
  }

  return {
    /**
     * Taps the end at the home; the subscription has been added already. Resolves once the home has taken it, or when there is no home, or after
     * TAP_MS.
     *
     * @throws {MayflyError} ERR_LIMIT, ERR_WRONG_KEY
     */
    async add({ end }: Subscription, secret: MessageSecret) {
      const waiter = Promise.withResolvers<void>()
      waiter.promise.catch(() => {}) // it may be refused after the time
      const tap = taps.get(end)
      if (tap === undefined) taps.add({ ...standing(end), secret, waiting: [waiter] })
      else {
        tap.secret = secret
        tap.waiting.push(waiter)
        resend(tap)
        if (tap.position !== undefined && tap.peers.size === 0) waiter.resolve()
      }
      await inTime(waiter.promise, TAP_MS)
    },
    /** The subscription has been removed. */
    remove({ end }: Subscription) {
      const tap = taps.get(end)
      if (tap === undefined) return
      const [other] = subscriptions.at(end)
      if (other === undefined) taps.remove(tap)
      else resend(tap)
    },
    /** Tells the home all taps anew, with new proofs. */
    renew() {
      for (const tap of taps.values()) resend(tap)
    },
    /** There is a home: a new one, or the same again. */
    onHome() {
      void taps.refresh()
      keepOpen(home())
    },
    onStream: (peer: PeerId) => taps.onStream(peer, peer.toString()),
    onStreamEnd: keepOpen,
    isWanted,
  }
}

function refusalOf(answer: RequestAnswer): MayflyError | undefined {
  if (answer.type !== 'tapped' || answer.refused === undefined) return undefined
  return answer.refused === 'taps'
    ? new MayflyError('ERR_LIMIT', 'Cannot tap another end: the home has as many taps as it takes')
    : new MayflyError('ERR_WRONG_KEY', 'Cannot tap this hashname: the home did not believe the proof')
}

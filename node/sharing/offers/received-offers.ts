/** Offers for this account: those that ask its person, and those that are taken by a rule. */

import { bytesToHex } from '@noble/hashes/utils.js'
import { createEmitter } from '../../async/emitter.ts'
import { createTokenBuckets } from '../../async/token-bucket.ts'
import type { StoredRecord } from '../../people/account/stored-record.ts'
import type { Person } from '../../people/types.ts'
import type { OfferRule, ReceivedOffer } from '../offer-types.ts'
import type { Sharing } from '../types.ts'
import type { Correspondents } from './correspondents.ts'
import { type OfferAnswer, type OfferMessage, type OverReason, RECEIVER_BYTES } from './offer-message.ts'
import type { KeptReceived, KeptTaken } from './offer-records.ts'
import { createReceivedOffer, type LiveReceived, OVER_TEXTS } from './received-offer.ts'

export const RECEIVED_LIMITS = {
  /** Offers that wait for the person or are being received: in all, and of one account. */
  maxOffers: 64,
  maxPerAccount: 16,
  /** New offers of one account: at once, and per second for long. */
  perAccount: { burst: 32, perSecond: 0.5 },
} as const

const MAX_ACCOUNTS = 1_024
/** No two come in the same second: folders are named by it. */
const APART_MS = 1_000

export interface ReceivedOffersContext {
  correspondents: Correspondents
  record: StoredRecord<KeptReceived>
  ruleOf(account: string): OfferRule
  openSharing(): Promise<Pick<Sharing, 'receive'>>
  /** Network time, in ms. */
  now(): number
  monotonic(): number
  randomBytes(length: number): Uint8Array
}

export function createReceivedOffers(context: ReceivedOffersContext) {
  const { correspondents, record, ruleOf, openSharing, now, monotonic, randomBytes } = context
  const changes = createEmitter<void>()
  const arrivals = createEmitter<ReceivedOffer>()
  /** By id in hex, oldest first. Bounded: maxOffers. */
  const lives = new Map<string, LiveReceived>()
  const rates = createTokenBuckets({ ...RECEIVED_LIMITS.perAccount, now: monotonic, maxKeys: MAX_ACCOUNTS })
  let listeners = 0
  let lastAtMs = Math.max(0, ...record.value.taken.map(({ atMs }) => atMs))

  function addLive(kept: KeptTaken, files: ReceivedOffer['files'], state: 'asked' | 'taken'): LiveReceived {
    const id = bytesToHex(kept.offer)
    const onOver = () => void lives.delete(id)
    const live = createReceivedOffer(kept, files, state, { correspondents, record, openSharing, onChange: changes.emit, onOver })
    lives.set(id, live)
    return live
  }

  function isBusy(account: string): boolean {
    const { maxOffers, maxPerAccount } = RECEIVED_LIMITS
    const ofThem = [...lives.values()].filter((live) => live.account === account).length
    return lives.size >= maxOffers || ofThem >= maxPerAccount || rates.take(account) > 0
  }

  /** How an offer that came before stands. */
  function standingOf(id: string, account: string): OfferAnswer | undefined {
    const live = lives.get(id)
    if (live !== undefined) return live.account === account ? live.standing() : plain('over')
    const over = record.value.over.find(({ offer }) => bytesToHex(offer) === id)
    return over && plain(over.account === account ? over.state : 'over')
  }

  return {
    onChange: changes.on,
    list: (): ReceivedOffer[] => [...lives.values()].map(({ face }) => face),
    onOffer(listener: (offer: ReceivedOffer) => void): () => void {
      listeners++
      const before = [...lives.values()].map(({ face }) => face)
      const stop = arrivals.on(listener)
      let isEnded = false
      for (const face of before) listener(face)
      return () => {
        stop()
        if (!isEnded) listeners--
        isEnded = true
      }
    },
    /** @throws {MayflyError} ERR_NOT_STORED */
    async offered({ offer, share, words, count, bytes, files }: OfferMessage, { account, alias, relation }: Person): Promise<OfferAnswer> {
      const id = bytesToHex(offer)
      const before = standingOf(id, account)
      if (before !== undefined) return before
      if (listeners === 0) return plain('closed')
      if (isBusy(account)) return plain('busy')
      lastAtMs = Math.max(now(), lastAtMs + APART_MS)
      const facts = { offer, account, share, words, count, bytes, atMs: lastAtMs, alias, receiver: randomBytes(RECEIVER_BYTES) }
      const rule = relation === 'own' ? 'always' : ruleOf(account)
      const live = addLive(facts, files, 'asked')
      if (rule === 'always' || (rule !== 'ask' && bytes <= rule.upTo)) {
        await live.keep().catch((error: unknown) => {
          lives.delete(id)
          throw error
        })
      }
      changes.emit()
      arrivals.emit(live.face)
      return live.standing()
    },
    async over(offer: Uint8Array, account: string, reason: OverReason): Promise<void> {
      const live = lives.get(bytesToHex(offer))
      if (live?.account === account) await live.finish('over', OVER_TEXTS[reason])
    },
    /** Contacts have changed: nothing is received of one that is none any more. */
    check(): void {
      for (const live of [...lives.values()])
        if (!correspondents.isTrusted(live.account)) live.finish('over', 'They are no contact any more').catch(() => {})
    },
    start(): void {
      for (const kept of record.value.taken) addLive(kept, [], 'taken')
    },
    stop(): void {
      for (const live of lives.values()) live.stop()
    },
  }
}

const plain = (state: OfferAnswer['state']): OfferAnswer => ({ state, receiver: undefined, text: '' })

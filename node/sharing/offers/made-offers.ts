/** Offers that this account has made: each is given to whoever of the other account is there, until one of them has it and everything has come. */

import { bytesToHex } from '@noble/hashes/utils.js'
import { createEmitter } from '../../async/emitter.ts'
import { MayflyError } from '../../errors.ts'
import type { StoredRecord } from '../../people/account/stored-record.ts'
import { parseLink } from '../format/share-link.ts'
import type { MadeOffer, MakeOfferOptions } from '../offer-types.ts'
import type { Share, ShareItem, Sharing } from '../types.ts'
import type { Correspondents } from './correspondents.ts'
import { createMadeOffer, type LiveOffer } from './made-offer.ts'
import { isOver, isTakenBack, mustBeOffered, mustHaveRoom, withOne } from './made-state.ts'
import { type AnswerReply, OFFER_ID_BYTES, OFFER_LIMITS, type OfferAnswer } from './offer-message.ts'
import type { KeptMade } from './offer-records.ts'

export interface MadeOffersContext {
  correspondents: Correspondents
  record: StoredRecord<readonly KeptMade[]>
  openSharing(): Promise<Pick<Sharing, 'share'>>
  /** Network time, in ms. */
  now(): number
  randomBytes(length: number): Uint8Array
}

export function createMadeOffers({ correspondents, record, openSharing, now, randomBytes }: MadeOffersContext) {
  const { isTrusted, mustFind } = correspondents
  const changes = createEmitter<void>()
  /** By id in hex. Bounded by the record. */
  const lives = new Map<string, LiveOffer>()

  function liveOf(kept: KeptMade): LiveOffer {
    const id = bytesToHex(kept.offer)
    const known = lives.get(id)
    if (known !== undefined) return known
    const live = createMadeOffer(kept, { correspondents, record, onChange: changes.emit, onClosed: () => lives.delete(id) })
    lives.set(id, live)
    return live
  }

  const openOnes = () => record.value.filter(({ state }) => !isOver(state))
  const shown = () => record.value.filter(({ state }) => state !== 'withdrawn')
  const openFor = (account: string) => openOnes().filter((kept) => kept.account === account)

  return {
    onChange: changes.on,
    list: (): MadeOffer[] => shown().map((kept) => liveOf(kept).face),
    async make(to: string, what: Share | readonly ShareItem[], { words = '' }: MakeOfferOptions = {}): Promise<MadeOffer> {
      const account = mustFind(to)
      if (typeof words !== 'string' || words.length > OFFER_LIMITS.maxWordsLength)
        throw new MayflyError('ERR_BAD_OPTION', `Cannot offer this: its words have at most ${OFFER_LIMITS.maxWordsLength} characters`)
      mustHaveRoom(openOnes(), account)
      const isOwn = isItems(what)
      const share = isOwn ? await (await openSharing()).share(what, { receivers: 1, stopAfterFirst: true }) : what
      try {
        const kept: KeptMade = {
          ...{ offer: randomBytes(OFFER_ID_BYTES), account, share: parseLink('s', share.path), words, atMs: now(), isOwn },
          ...mustBeOffered(share),
          ...{ state: 'waiting', text: '', receiver: undefined, snapshot: isOwn ? share.snapshot() : undefined },
        }
        await record.change((all) => withOne(all, kept))
        const live = liveOf(kept)
        live.attach(share)
        return live.face
      } catch (error) {
        if (isOwn) await share.end()
        throw error
      }
    },
    takeAnswer(offer: Uint8Array, { instance, account }: { instance: string; account: string }, answer: OfferAnswer) {
      const kept = record.value.find((each) => bytesToHex(each.offer) === bytesToHex(offer))
      const live = kept?.account === account ? lives.get(bytesToHex(offer)) : undefined
      return live?.takeAnswer(instance, answer) ?? ('unknown' satisfies AnswerReply)
    },
    /** An instance is there. */
    meet(account: string, instance: string): void {
      for (const kept of openFor(account)) {
        liveOf(kept).giveTo(instance)
        liveOf(kept).changed()
      }
      for (const { offer } of record.value.filter((kept) => kept.account === account && isTakenBack(kept.state)))
        void correspondents.tell(instance, { type: 'over', offer, reason: 'withdrawn' })
    },
    /** An instance has gone. */
    leave(account: string, instance: string): void {
      for (const kept of openFor(account)) {
        liveOf(kept).leave(instance)
        liveOf(kept).changed()
      }
    },
    /** Contacts have changed: an offer to one that is none any more ends. */
    check(): void {
      for (const kept of openOnes())
        if (!isTrusted(kept.account))
          liveOf(kept)
            .end('They are no contact any more')
            .catch(() => {})
    },
    start(): void {
      for (const kept of shown()) liveOf(kept)
    },
    stop(): void {
      for (const live of lives.values()) live.stop()
    },
  }
}

const isItems = (what: Share | readonly ShareItem[]): what is readonly ShareItem[] => Array.isArray(what)

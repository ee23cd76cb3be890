/** How a made offer goes on: what an answer makes of it, and what room there is for one more. Pure. */

import { MayflyError } from '../../errors.ts'
import type { MadeOffer } from '../offer-types.ts'
import { decodeShareRecord } from '../sharer/share-record.ts'
import type { Share } from '../types.ts'
import { namedFiles, type OfferAnswer } from './offer-message.ts'
import { KEPT_LIMITS, type KeptMade, MADE_FORM } from './offer-records.ts'

type MadeState = KeptMade['state']

/** Nothing of it changes any more. */
export const isOver = (state: MadeState) => state === 'done' || state === 'refused' || isTakenBack(state)

/** Those who have it, or were asked, are told whenever they are there. */
export const isTakenBack = (state: MadeState) => state === 'ended' || state === 'withdrawn'

export function withAnswer(kept: KeptMade, { state, receiver, text }: OfferAnswer): KeptMade {
  if (isOver(kept.state)) return kept
  switch (state) {
    case 'taken':
    case 'failed':
      return { ...kept, state: 'taken', text, receiver: receiver ?? kept.receiver }
    case 'done':
      return { ...kept, state: 'done', text: '', receiver: receiver ?? kept.receiver, snapshot: undefined }
    case 'refused':
      // One that was taken goes on where it was taken, whatever another instance says.
      return kept.state === 'taken' ? kept : { ...kept, state: 'refused', text: '', snapshot: undefined }
    default:
      return kept
  }
}

/** @param open offers that are not over @throws {MayflyError} ERR_LIMIT */
export function mustHaveRoom(open: readonly Pick<KeptMade, 'account'>[], account: string): void {
  const { maxMade, maxMadePerAccount } = KEPT_LIMITS
  const refuse = (text: string) => new MayflyError('ERR_LIMIT', `Cannot offer more: ${text}; take one back first`)
  if (open.length >= maxMade) throw refuse(`${maxMade} offers wait, which is the limit`)
  if (open.filter((kept) => kept.account === account).length >= maxMadePerAccount)
    throw refuse(`${maxMadePerAccount} wait for this person, which is the limit`)
}

/** The files of a share that is not here. */
export function filesOfSnapshot(snapshot: Uint8Array | undefined): MadeOffer['files'] {
  if (snapshot === undefined) return []
  return namedFiles(decodeShareRecord(snapshot).entries.map(({ path, size }) => ({ path, size, mediaType: '' })))
}

export const sumOf = ({ entries }: Pick<Share, 'entries'>) => ({
  count: entries.length,
  bytes: entries.reduce((sum, { size }) => sum + size, 0),
})

export const contentsOf = ({ entries }: Pick<Share, 'entries'>) => ({ ...sumOf({ entries }), files: namedFiles(entries) })

/** @throws {MayflyError} ERR_BAD_OPTION */
export function mustBeOffered(share: Pick<Share, 'state' | 'rules' | 'entries'>) {
  const refuse = (reason: string) => new MayflyError('ERR_BAD_OPTION', `Cannot offer this: ${reason}`)
  if (share.state === 'ended') throw refuse('the share has ended')
  if (share.rules.password !== undefined) throw refuse('the share has a password, which the other would have to know')
  if (share.entries.length === 0) throw refuse('there is no file in it')
  return sumOf(share)
}

/** A kept entry grows by this once its file was read. */
const ENTRY_BYTES = 40

/** The offers with one more; the oldest that are over make room. @throws {MayflyError} ERR_LIMIT */
export function withOne(all: readonly KeptMade[], kept: KeptMade): KeptMade[] {
  const over = all.filter(({ state }) => isOver(state)).slice(1 - KEPT_LIMITS.maxMadeOver)
  const next = [...all.filter((each) => !isOver(each.state) || over.includes(each)), kept]
  if (MADE_FORM.encode(next).byteLength + kept.count * ENTRY_BYTES <= KEPT_LIMITS.maxBytes) return next
  const limit = `the names of all files that wait may have ${KEPT_LIMITS.maxBytes} bytes`
  throw new MayflyError('ERR_LIMIT', `Cannot offer ${kept.count} files: ${limit}. Take an offer back, or pack the files into one`)
}

/** One drop box: what its terms let in is decided by its owner, once for each submission, however often its sender comes back with it. */

import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { createTokenBucket, createTokenBuckets } from '../../async/token-bucket.ts'
import { MayflyError } from '../../errors.ts'
import type { DropNews, DropRefusal, DropTerms, ReceivedShare, Sharing, Submission } from '../types.ts'
import { refuseOffer } from './admission.ts'
import { type BoxRecord, encodeBoxRecord, type KnownSubmission } from './box-record.ts'
import type { OfferFrame, PutFrame } from './drop-frames.ts'
import { createKnownSubmissions, type Sender } from './known-submissions.ts'
import { refusalOf } from './refusal.ts'
import { mustFitTerms, type TakenSubmission, takeSubmission } from './take-submission.ts'

export const BOX_LIMITS = {
  /** Submissions that wait for the owner's decision, of all senders and of one. Those whose senders have left make room. */
  maxWaiting: 32,
  maxWaitingPerPeer: 4,
  /** Submissions that are taken and not complete. */
  maxUnfinished: 64,
  /** Offers and pushed files of one peer, and of all: at once, and per second for long. */
  offersPerPeer: { burst: 32, perSecond: 0.5 },
  offers: { burst: 128, perSecond: 5 },
} as const

const MAX_PEERS = 1_024

const BUSY: DropRefusal = { code: 'busy', text: 'Too much is offered to this box at once. Try again in a minute' }
const FULL: DropRefusal = { code: 'busy', text: `This box is receiving ${BOX_LIMITS.maxUnfinished} submissions already. Try again later` }
const GIVEN_UP: DropNews = { state: 'over', text: 'The owner of this box takes nothing more of it' }
const CLOSED: DropRefusal = { code: 'over', text: 'This box was closed' }

interface Waiting {
  senders: Set<Sender>
  peer: string
  withdrawn: AbortController
  /** Told by the owner before it was decided. */
  news: DropNews
}

type Listener = (submission: Submission) => Promise<void>

export interface BoxContext {
  /** Network time, in ms. */
  now(): number
  monotonic(): number
  sharePath(share: NonNullable<KnownSubmission['share']>): string
  /** The same for one share at each restart. */
  receiverOf(share: NonNullable<KnownSubmission['share']>): Uint8Array
  receive: Sharing['receive']
}

export type Box = ReturnType<typeof createBox>

export function createBox(record: BoxRecord, { now, monotonic, sharePath, receiverOf, receive }: BoxContext) {
  const { terms } = record
  const bucket = createTokenBucket({ ...BOX_LIMITS.offers, now: monotonic })
  const buckets = createTokenBuckets({ ...BOX_LIMITS.offersPerPeer, now: monotonic, maxKeys: MAX_PEERS })
  const known = createKnownSubmissions(record.submissions)
  /** By id in hex. Bounded: maxWaiting. */
  const waiting = new Map<string, Waiting>()
  const ending = new AbortController()
  let { lastAtMs } = record
  let listener: Listener | undefined
  let heard = Promise.withResolvers<Listener>()

  const isRateOver = (peer: string) => bucket.take() > 0 || buckets.take(peer) > 0
  const ask = async (submission: Submission) => (listener ?? (await heard.promise))(submission)

  /** When something came: no two in the same second, so that each has a folder of its own. */
  function nextTime(): number {
    lastAtMs = Math.max(now(), Math.floor(lastAtMs / 1_000) * 1_000 + 1_000)
    return lastAtMs
  }

  function tell(id: string, news: DropNews): void {
    const undecided = waiting.get(id)
    if (undecided === undefined) known.tell(id, news)
    else undecided.news = news
  }

  function refuseAtOnce({ peer }: Sender, offer: OfferFrame): DropRefusal | undefined {
    if (isRateOver(peer)) return BUSY
    const refusal = refuseOffer(terms, offer, now())
    if (refusal !== undefined) return refusal
    if (known.unfinished().length >= BOX_LIMITS.maxUnfinished) return FULL
    const own = [...waiting.values()].filter((each) => each.peer === peer).length
    return own >= BOX_LIMITS.maxWaitingPerPeer || !makeRoom() ? BUSY : undefined
  }

  /** False when the senders of all that waits are there. */
  function makeRoom(): boolean {
    if (waiting.size < BOX_LIMITS.maxWaiting) return true
    for (const [id, { senders, withdrawn }] of waiting) {
      if ([...senders].some(({ isOpen }) => isOpen)) continue
      waiting.delete(id)
      withdrawn.abort()
      return true
    }
    return false
  }

  function submissionOf(each: KnownSubmission, facts: Pick<Submission, 'files' | 'pushed' | 'isResumed' | 'withdrawn'>): Submission {
    const { share, atMs, from, words } = each
    const id = bytesToHex(each.id)
    const receiver = share === undefined ? each.id : receiverOf(share)
    const told = { id, atMs, from, words, share: share && sharePath(share), receiver, ...facts, tell: (news: DropNews) => tell(id, news) }
    return withEnd(told, { terms, receive })
  }

  async function decide(id: string, { submission, share, from, words, files }: OfferFrame, entry: Waiting): Promise<void> {
    const bytes = files.reduce((sum, { size }) => sum + size, 0)
    const facts = { id: submission, share, atMs: nextTime(), from, words, count: files.length, bytes }
    const withdrawn = AbortSignal.any([entry.withdrawn.signal, ending.signal])
    let refusal: DropRefusal | undefined
    try {
      await ask(submissionOf({ ...facts, state: 'taking', text: '' }, { files, pushed: undefined, isResumed: false, withdrawn }))
    } catch (error) {
      refusal = refusalOf(error)
    }
    if (!waiting.delete(id)) return
    if (refusal === undefined) {
      known.add(id, { ...facts, state: 'taking', text: '' })
      known.tell(id, entry.news)
    }
    // An owner's no stands; what was wrong otherwise may be right the next time.
    else if (refusal.code === 'asked') known.add(id, { ...facts, words: '', state: 'refused', text: refusal.text })
    for (const sender of entry.senders) {
      if (refusal !== undefined) sender.refused(submission, refusal)
      else welcome(sender, submission, entry.news)
    }
  }

  function welcome(sender: Sender, submission: Uint8Array, news: DropNews): void {
    known.follow(bytesToHex(submission), sender)
    sender.accepted(submission)
    sender.news(submission, news)
  }

  return {
    terms,
    get isClosed() {
      return ending.signal.aborted
    },
    /** True when it takes nothing any more. A sender that has offered in time may come back until all is complete. */
    get isOver() {
      const isLate = terms.untilMs !== undefined && now() >= terms.untilMs
      return ending.signal.aborted || (isLate && known.unfinished().length === 0)
    },
    onChange: known.onChange,
    /** Answers the sender, at once or when it is decided. */
    offer(sender: Sender, offer: OfferFrame): void {
      const { submission } = offer
      const id = bytesToHex(submission)
      const before = known.get(id)
      if (before?.state === 'refused') return void sender.refused(submission, { code: 'asked', text: before.text })
      if (before !== undefined) return void welcome(sender, submission, { state: before.state, text: before.text })
      const undecided = waiting.get(id)
      const refusal = undecided === undefined ? refuseAtOnce(sender, offer) : undefined
      if (refusal !== undefined) return void sender.refused(submission, refusal)
      sender.asked(submission)
      if (undecided !== undefined) return void undecided.senders.add(sender)
      const news: DropNews = { state: 'taking', text: '' }
      const entry = { senders: new Set([sender]), peer: sender.peer, withdrawn: new AbortController(), news }
      waiting.set(id, entry)
      void decide(id, offer, entry)
    },
    /** The first reason to refuse a pushed file. */
    refusePut(peer: string, { path, size, mediaType, from, words }: PutFrame): DropRefusal | undefined {
      if (isRateOver(peer)) return BUSY
      return refuseOffer(terms, { from, words, files: [{ path, size, mediaType }] }, now())
    },
    /** The owner decides on a pushed file, and stores it. @throws what the owner's listener throws */
    async takePushed(id: Uint8Array, put: PutFrame, bytes: AsyncIterable<Uint8Array>): Promise<void> {
      const { path, size, mediaType, from, words } = put
      const facts = { id, share: undefined, atMs: nextTime(), from, words, count: 1, bytes: size ?? 0, state: 'taking', text: '' } as const
      const files = [{ path, size: size ?? 0, mediaType }]
      const pushed = { path, size, mediaType, bytes }
      await ask(submissionOf(facts, { files, pushed, isResumed: false, withdrawn: ending.signal }))
    },
    onSubmission(next: Listener): () => void {
      listener = next
      heard.resolve(next)
      heard = Promise.withResolvers()
      for (const each of known.unfinished())
        next(submissionOf(each, { files: [], pushed: undefined, isResumed: true, withdrawn: ending.signal })).catch((error: unknown) =>
          tell(bytesToHex(each.id), { state: 'failed', text: refusalOf(error).text }),
        )
      return () => {
        if (listener === next) listener = undefined
      }
    },
    /** Nobody takes anything for it any more. */
    stop: () => ending.abort(),
    /** As `stop`, and those who wait are told. */
    close(): void {
      ending.abort()
      for (const [id, { senders }] of waiting) for (const each of senders) each.refused(hexToBytes(id), CLOSED)
      waiting.clear()
    },
    /** With what is known now. */
    snapshot: (): Uint8Array => encodeBoxRecord({ ...record, lastAtMs, submissions: known.list() }),
  }
}

/** The owner can give it up. */
function withEnd(told: TakenSubmission, { terms, receive }: Pick<BoxContext, 'receive'> & { terms: DropTerms }): Submission {
  const givenUp = new AbortController()
  const submission = { ...told, withdrawn: AbortSignal.any([told.withdrawn, givenUp.signal]) }
  const context = { receive, mustFit: (received: ReceivedShare) => mustFitTerms(submission, terms, received) }
  return {
    ...submission,
    receive: (saver, options) => takeSubmission(submission, context, saver, options),
    giveUp() {
      told.tell(GIVEN_UP)
      givenUp.abort(new MayflyError('ERR_REFUSED', GIVEN_UP.text))
    },
  }
}

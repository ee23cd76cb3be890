/** One offer of somebody for this account, as long as this peer runs: shown to its person, then refused, or received when both are there. */

import { bytesToHex } from '@noble/hashes/utils.js'
import { createEmitter } from '../../async/emitter.ts'
import { MayflyError } from '../../errors.ts'
import type { StoredRecord } from '../../people/account/stored-record.ts'
import { isOver, mustBeAsOffered, takeSubmission } from '../boxes/take-submission.ts'
import { linkPathOf } from '../format/share-link.ts'
import type { ReceivedOffer } from '../offer-types.ts'
import type { ReceiveSubmissionOptions, Sharing, SubmissionSaver } from '../types.ts'
import type { Correspondents } from './correspondents.ts'
import { type AnswerReply, decodeReply, type OfferAnswer, type OverReason } from './offer-message.ts'
import { KEPT_LIMITS, type KeptOver, type KeptReceived, type KeptTaken } from './offer-records.ts'

export const OVER_TEXTS: Readonly<Record<OverReason, string>> = {
  withdrawn: 'It was taken back',
  taken: 'It is received elsewhere',
}
/** In the name of a folder, for what another instance of this account offers. */
const OWN_NAME = 'me'

export interface ReceivedOfferContext {
  correspondents: Correspondents
  record: Pick<StoredRecord<KeptReceived>, 'change'>
  openSharing(): Promise<Pick<Sharing, 'receive'>>
  /** It has changed. */
  onChange(): void
  /** It is over. */
  onOver(): void
}

export type LiveReceived = ReturnType<typeof createReceivedOffer>

/** @param kept as it is kept once it is taken @param first 'taken' for one that is kept already */
export function createReceivedOffer(
  kept: KeptTaken,
  files: ReceivedOffer['files'],
  first: 'asked' | 'taken',
  { correspondents, record, openSharing, onChange, onOver }: ReceivedOfferContext,
) {
  const { offer, account, alias, receiver, words, count, bytes, atMs } = kept
  const id = bytesToHex(offer)
  const changes = createEmitter<void>()
  /** Aborted when there is nothing to receive any more. */
  const over = new AbortController()
  let state: ReceivedOffer['state'] = first
  let text = ''
  let isReceiving = false
  /** It is being written that it is over. */
  let isEnding = false

  function become(next: ReceivedOffer['state'], why = ''): void {
    state = next
    text = why
    changes.emit()
    onChange()
  }

  const isOther = (each: { offer: Uint8Array }) => bytesToHex(each.offer) !== id

  /** It is received after a restart, too, from now on. @throws {MayflyError} ERR_NOT_STORED */
  async function keep(): Promise<void> {
    await record.change((before) => ({ ...before, taken: [...before.taken.filter(isOther), kept].slice(-KEPT_LIMITS.maxTaken) }))
    become('taken')
  }

  /** @throws {MayflyError} ERR_NOT_STORED */
  async function finish(how: KeptOver['state'], why = ''): Promise<void> {
    isEnding = true
    try {
      await record.change((before) => ({
        taken: before.taken.filter(isOther),
        over: [...before.over.filter(isOther), { offer, account, state: how }].slice(-KEPT_LIMITS.maxOver),
      }))
    } finally {
      isEnding = false
    }
    onOver()
    become(how, why)
    over.abort(new MayflyError('ERR_SHARE_ENDED', why === '' ? 'The offer is over' : why))
  }

  /** @returns what the instance that made the offer says; 'unknown' while it is away */
  async function answer(given: OfferAnswer['state'], why = ''): Promise<AnswerReply> {
    const message = {
      type: 'answer',
      offer,
      answer: { state: given, receiver: given === 'refused' ? undefined : receiver, text: why },
    } as const
    const replies = await Promise.all(
      correspondents.instancesOf(account).map((instance) => correspondents.tell(instance, message).then(readReply)),
    )
    return replies.find((reply) => reply === 'known') ?? replies.find((reply) => reply === 'late') ?? 'unknown'
  }

  async function receiveAll(saver: SubmissionSaver, options: ReceiveSubmissionOptions): Promise<void> {
    const sharing = await openSharing()
    const submission = {
      ...{ id, atMs, from: alias ?? OWN_NAME, words, files, receiver, pushed: undefined, isResumed: false },
      share: linkPathOf('s', kept.share),
      withdrawn: over.signal,
      tell() {},
    }
    const mustFit = ({ entries }: Parameters<Parameters<typeof takeSubmission>[1]['mustFit']>[0]) =>
      mustBeAsOffered({ count, bytes }, entries)
    await takeSubmission(submission, { receive: sharing.receive, mustFit }, saver, options)
  }

  /** It can be received again, unless the share is not to be had any more. */
  async function fail(error: unknown): Promise<void> {
    const why = error instanceof MayflyError ? error.message : 'It could not be stored there'
    if (isOver(error)) return finish('over', why)
    become(state, why)
    await answer('failed', why)
  }

  async function receive(saver: SubmissionSaver, options: ReceiveSubmissionOptions = {}): Promise<void> {
    if (isReceiving) throw new MayflyError('ERR_BUSY', 'This offer is being received already')
    over.signal.throwIfAborted()
    if (isEnding) throw new MayflyError('ERR_SHARE_ENDED', 'The offer is over')
    isReceiving = true
    try {
      if (state === 'asked') {
        await keep()
        if ((await answer('taken')) === 'late') await finish('over', OVER_TEXTS.taken)
        over.signal.throwIfAborted()
      } else become('taken')
      await receiveAll(saver, options)
      await finish('done')
      await answer('done')
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!over.signal.aborted) await fail(error)
      throw error
    } finally {
      isReceiving = false
    }
  }

  const face: ReceivedOffer = {
    ...{ id, account, alias, words, count, bytes, files, atMs },
    get state() {
      return state
    },
    get text() {
      return text
    },
    onChange: changes.on,
    receive,
    async refuse() {
      if (state !== 'asked' && state !== 'taken') return
      await finish('refused')
      await answer('refused')
    },
  }

  return {
    face,
    account,
    keep,
    finish,
    /** For its sender, who gives it again. */
    standing: (): OfferAnswer => (state === 'asked' ? { state, receiver: undefined, text: '' } : { state: 'taken', receiver, text: '' }),
    stop: () => over.abort(new MayflyError('ERR_NOT_STARTED', 'This peer has stopped')),
  }
}

function readReply(value: unknown): AnswerReply {
  try {
    return value === undefined ? 'unknown' : decodeReply(value)
  } catch {
    return 'unknown'
  }
}

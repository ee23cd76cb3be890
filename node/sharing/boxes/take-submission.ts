/** Takes a submission: receives its share, or what a gateway pushes, into a folder of its own, and tells the sender how it stands. */

import { raceAbort } from '../../async/abort.ts'
import { MayflyError, type SharingErrorCode } from '../../errors.ts'
import { safePath } from '../format/safe-path.ts'
import type { DropTerms, ReceivedShare, ReceiveSubmissionOptions, Sharing, Submission, SubmissionSaver, SubmissionState } from '../types.ts'
import { refuseOffer } from './admission.ts'
import { refusalError, refusalOf } from './refusal.ts'

export interface TakeContext {
  /** @throws {MayflyError} when what the share lists is not what may come */
  mustFit(received: ReceivedShare): void
  receive: Sharing['receive']
}

export type TakenSubmission = Omit<Submission, 'receive' | 'giveUp'>

/** The file in which the words of a sender are kept. */
export const WORDS_FILE = 'words.txt'

/** Two digits each, so that folders sort by time; colons are no part of a name on some systems. */
export function folderOf({ atMs, from }: Pick<Submission, 'atMs' | 'from'>): string {
  const at = new Date(atMs)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-')
  const time = [two(at.getHours()), two(at.getMinutes()), two(at.getSeconds())].join('.')
  const name = from.trim() === '' ? 'somebody' : from.trim()
  // A path of one part, which every system can keep.
  return safePath(`${day} ${time} ${name.replaceAll(/[/\\]/g, '_')}`, new Set()).path
}

/** @see Submission.receive */
export async function takeSubmission(
  submission: TakenSubmission,
  { mustFit, receive }: TakeContext,
  saver: SubmissionSaver,
  { signal, label, onState }: ReceiveSubmissionOptions = {},
): Promise<void> {
  const totalBytes = submission.files.reduce((sum, { size }) => sum + size, 0)
  const either = signal === undefined ? submission.withdrawn : AbortSignal.any([signal, submission.withdrawn])
  const report = (state: SubmissionState['state'], bytes: number, text = '') => onState?.({ state, bytes, totalBytes, text })
  const { pushed, share } = submission
  try {
    report('receiving', 0)
    submission.tell({ state: 'taking', text: '' })
    if (pushed !== undefined) {
      const options = { signal: either, onProgress: (bytes: number) => report('receiving', bytes) }
      await saver.saveStream(folderOf(submission), pushed.path, pushed.bytes, options)
    } else if (share !== undefined) {
      const received = receive(share, { receiver: submission.receiver, signal: either, ...(label !== undefined && { label }) })
      await takeShare(submission, received, { mustFit, saver, signal: either, report })
    }
    await saveWords(submission, saver, either)
    submission.tell({ state: 'done', text: '' })
    report('done', totalBytes)
  } catch (error) {
    either.throwIfAborted()
    const { text } = refusalOf(error)
    const state = isOver(error) ? 'over' : 'failed'
    submission.tell({ state, text })
    report(state, 0, text)
    throw error
  }
}

/** The share has ended, for all or for this receiver, or is not what was offered: no other try brings the rest. */
export function isOver(error: unknown): boolean {
  return error instanceof MayflyError && OVER.includes(error.code)
}

const OVER: readonly string[] = [
  'ERR_SHARE_WRONG',
  'ERR_SHARE_ENDED',
  'ERR_SHARE_EXPIRED',
  'ERR_SHARE_USED',
  'ERR_SHARE_REFUSED',
  'ERR_SHARE_PASSWORD',
  'ERR_DROP_REFUSED',
] satisfies SharingErrorCode[]

interface TakingShare extends Pick<TakeContext, 'mustFit'> {
  saver: SubmissionSaver
  signal: AbortSignal
  report(state: SubmissionState['state'], bytes: number): void
}

async function takeShare(
  submission: TakenSubmission,
  received: ReceivedShare,
  { mustFit, saver, signal, report }: TakingShare,
): Promise<void> {
  let bytes = 0
  const misfit = new AbortController()
  const tell = () => report(received.state === 'away' || received.state === 'looking' ? 'waiting' : 'receiving', bytes)
  const end = received.onChange(tell)
  const either = AbortSignal.any([signal, misfit.signal])
  let stopChecking = () => {}
  try {
    await listOf(received, signal)
    mustFit(received)
    // Its sender may change the list at any time.
    stopChecking = received.onChange(() => {
      try {
        mustFit(received)
      } catch (error) {
        misfit.abort(error)
      }
    })
    if (received.state !== 'taken') await received.take(undefined, { signal: either })
    await saver.saveShare(received, folderOf(submission), {
      signal: either,
      onProgress(now) {
        bytes = now
        tell()
      },
    })
    misfit.signal.throwIfAborted()
  } finally {
    end()
    stopChecking()
    await received.close()
  }
}

/** Waits until the list of the share is here, however long its sender is away. @throws {MayflyError} when the share has ended */
async function listOf(received: ReceivedShare, signal: AbortSignal): Promise<void> {
  const listed = Promise.withResolvers<void>()
  const look = () => {
    const { state, endCode } = received
    if (state === 'listed' || state === 'taken') listed.resolve()
    else if (state === 'ended')
      listed.reject(new MayflyError(endCode ?? 'ERR_SHARE_ENDED', 'Its sender has ended it before it was received'))
    else if (state === 'password') listed.reject(new MayflyError('ERR_SHARE_PASSWORD', 'Its sender has put a password on it'))
  }
  const end = received.onChange(look)
  look()
  try {
    await raceAbort(listed.promise, signal)
  } finally {
    end()
  }
}

/** A sender may list something else than it offered: the terms hold for what is received. @throws {MayflyError} ERR_DROP_REFUSED */
export function mustFitTerms({ isResumed, words, files: offered }: TakenSubmission, terms: DropTerms, { entries }: ReceivedShare): void {
  const files = entries.map(({ path, size, mediaType }) => ({ path, size, mediaType }))
  const { untilMs: _, ...lasting } = terms // it was taken in time
  const refusal = refuseOffer(lasting, { from: '', words, files }, 0)
  if (refusal !== undefined) throw refusalError(refusal)
  if (!isResumed) mustBeAsOffered({ count: offered.length, bytes: bytesOf(offered) }, files)
}

const bytesOf = (list: readonly { size: number }[]) => list.reduce((sum, { size }) => sum + size, 0)

/** @throws {MayflyError} ERR_DROP_REFUSED: more files than were offered, or more bytes */
export function mustBeAsOffered(offered: { count: number; bytes: number }, files: readonly { size: number }[]): void {
  if (files.length <= offered.count && bytesOf(files) <= offered.bytes) return
  throw refusalError({ code: 'size', text: 'The files are not those that were offered' })
}

async function saveWords(submission: TakenSubmission, saver: SubmissionSaver, signal: AbortSignal): Promise<void> {
  const { words } = submission
  if (words.trim() === '') return
  const bytes = new TextEncoder().encode(words.endsWith('\n') ? words : `${words}\n`)
  await saver.saveStream(folderOf(submission), WORDS_FILE, oneChunk(bytes), { signal })
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

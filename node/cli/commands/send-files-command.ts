/** `mayfly share … --to URL`: sends files to somebody's drop box, and ends when they are there. */

import { randomBytes } from 'node:crypto'
import { userInfo } from 'node:os'
import { abortable, inTime, raceAbort } from '../../async/abort.ts'
import { createPeer, type DropNews, MayflyError, type OpenedBox, type Share, type Sharing } from '../../index.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import { isForNow, stayAtBox } from '../../sharing/boxes/box-stay.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { describeNetworkEvent, reportClock, startJoined, stopSoon } from '../fetch/joined-peer.ts'
import { closeInputs, MAX_HELD_BYTES, openInputs } from '../hold/hold-input.ts'
import { describeInput } from '../hold/input-sentences.ts'
import type { Output } from '../print/output.ts'
import { shareContents } from '../share/share-items.ts'
import { createShareReport } from '../share/share-report.ts'

const MAX_ENTRIES = 1_000
const SUBMISSION_ID_BYTES = 16
/** How long the box may take to say that all is stored, in ms, once it has every file. */
const NEWS_MS = 10_000

/**
 * @param link of the drop box, or its path
 * @throws {MayflyError} ERR_DROP_REFUSED, in the words of the drop box; ERR_SHARE_WRONG, ERR_SHARE_ENDED, ERR_UNAVAILABLE, ERR_NO_NETWORK, ERR_BAD_OPTION
 * @throws signal.reason, when aborted
 */
export async function runSendFiles(context: CommandContext, paths: string[], link: string): Promise<ExitCode> {
  const { configuration, output, signal, stdin } = context
  const { join, timeoutMs, text, skipHidden, skipOdd, peerRate } = configuration
  if (paths.length === 0 && text === undefined) {
    throw new MayflyError('ERR_BAD_OPTION', "Nothing to send: name files or folders, - for standard input, or --text 'words'")
  }
  const limits = { maxHeldBytes: MAX_HELD_BYTES, ...(peerRate !== undefined && { maxPeerBytesPerSecond: peerRate }) }
  const peer = await createPeer({ role: 'tab', join, limits, createHasher: createNativeHasher, sharing: true })
  const rules = { task: 'share', maxFiles: MAX_ENTRIES, skipHidden, skipOdd } as const
  const inputs = await openInputs(paths, { stdin, limits: peer.status().limits, rules, signal })
  try {
    const { items } = await shareContents(inputs, undefined)
    peer.onEvent((event) => {
      const words = describeNetworkEvent(event)
      if (words !== undefined) output.remark(words)
    })
    reportClock(peer, output)
    await startJoined(peer, { join, timeoutMs, signal })
    for (const fact of inputs.flatMap(describeInput)) output.remark(fact)
    const sharing = peer.sharing as Sharing
    const share = items.length === 0 ? undefined : await sharing.share(items, { receivers: 1 })
    await send(context, { sharing, share, link })
    output.result('Sent: all of it is there', { type: 'sent', files: items.length })
    return EXIT.done
  } finally {
    await stopSoon(peer)
    await closeInputs(inputs)
  }
}

interface Sending {
  sharing: Sharing
  share: Share | undefined
  link: string
}

/**
 * Resolves when all of it is on the disk of the box's owner. Once the box was there, it is waited for whenever it has gone: the share goes on,
 * and is offered again as the same submission.
 */
async function send({ configuration, output, signal }: CommandContext, { sharing, share, link }: Sending): Promise<void> {
  const { text = '', from = userInfo().username } = configuration
  const files = (share?.entries ?? []).map(({ path, size, mediaType }) => ({ path, size, mediaType }))
  const offer = { from, words: text, files }
  const id = randomBytes(SUBMISSION_ID_BYTES)
  const done = Promise.withResolvers<void>()
  const ending = new AbortController()
  const ended = AbortSignal.any([signal, ending.signal])
  const endReport = share === undefined ? () => {} : reportShare(share, output)
  let box: OpenedBox | undefined
  const tellNews = createNewsTeller(output, share, done)

  async function offerTo(opened: OpenedBox): Promise<void> {
    if (box === undefined) output.remark(`Sending to “${opened.terms.title}”`)
    box = opened
    opened.onNews((_, news) => tellNews(news))
    await opened.offer(share, offer, { id, signal: ended, onAsked: () => output.remark('Its owner is asked') })
  }

  void stayAtBox({ link, sharing: async () => sharing }, ended, {
    onOpened: (opened) => void offerTo(opened).catch((error: unknown) => !isForNow(error) && done.reject(error)),
    onAway(error) {
      if (box === undefined) return done.reject(error)
      if (error === undefined) output.remark('The owner of the drop box has left; waiting. Ctrl-C gives up')
    },
    onNone: done.reject,
  })
  try {
    // The words are stored after the files: the box's own news counts, unless it does not come through.
    const filesThere = share && untilDone(share, ended).then(() => inTime(done.promise, NEWS_MS))
    await raceAbort(Promise.race([done.promise, ...(filesThere ? [filesThere] : [])]), signal)
  } finally {
    ending.abort()
    endReport()
    box?.close()
    await share?.end()
  }
}

/** The news that the box tells: a fault that its owner can mend is said once, and waited for. */
function createNewsTeller(output: Output, share: Share | undefined, done: PromiseWithResolvers<void>) {
  let told = ''
  return ({ state, text }: DropNews): void => {
    output.event({ type: 'news', state, text })
    const isOurs = share?.entries.some((entry) => entry.state === 'failed') === true
    if (state === 'done') done.resolve()
    if (state === 'over' || (state === 'failed' && isOurs))
      done.reject(new MayflyError('ERR_DROP_REFUSED', `The drop box could not take it: ${text}`))
    if (state !== 'failed' || isOurs || text === told) return
    told = text
    const words = `The drop box cannot take it now: ${text}. It goes on by itself once its owner has mended that. Ctrl-C gives up`
    output.problem(new MayflyError('ERR_DROP_REFUSED', words))
  }
}

function reportShare(share: Share, output: Output): () => void {
  const report = createShareReport({ share, output, now: () => performance.now() })
  const stopListening = share.onChange(report.update)
  return () => {
    stopListening()
    report.end()
  }
}

/** The box's owner has everything, also where the box's news did not come through. */
function untilDone(share: Share, signal: AbortSignal): Promise<void> {
  return abortable(signal, (resolve) => {
    const look = () => {
      if (share.receivers.some(({ state }) => state === 'done')) resolve()
    }
    const stopListening = share.onChange(look)
    look()
    return stopListening
  })
}

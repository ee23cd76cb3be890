/** `mayfly share … --to URL`: sends files to somebody's drop box, and ends when they are there. */

import { userInfo } from 'node:os'
import { abortable, raceAbort } from '../../async/abort.ts'
import { createPeer, type DropNews, MayflyError, type Share, type Sharing } from '../../index.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { describeNetworkEvent, reportClock, startJoined, stopSoon } from '../fetch/joined-peer.ts'
import { closeInputs, openInputs } from '../hold/hold-input.ts'
import { describeInput } from '../hold/input-sentences.ts'
import type { Output } from '../print/output.ts'
import { shareContents } from '../share/share-items.ts'
import { createShareReport } from '../share/share-report.ts'

const MAX_ENTRIES = 1_000

/**
 * @param link of the drop box, or its path
 * @throws {MayflyError} ERR_DROP_REFUSED, in the words of the drop box; ERR_SHARE_WRONG, ERR_SHARE_ENDED, ERR_UNAVAILABLE, ERR_NO_NETWORK, ERR_BAD_OPTION
 * @throws signal.reason, when aborted
 */
export async function runSendFiles(context: CommandContext, paths: string[], link: string): Promise<ExitCode> {
  const { configuration, output, signal, stdin } = context
  const { join, timeoutMs, text, skipHidden, skipOdd } = configuration
  if (paths.length === 0 && text === undefined) {
    throw new MayflyError('ERR_BAD_OPTION', "Nothing to send: name files or folders, - for standard input, or --text 'words'")
  }
  const limits = { maxHeldContents: MAX_ENTRIES + 1 }
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

/** Resolves when all of it is on the disk of the box's owner. The way to the box may be cut meanwhile: the share goes on. */
async function send({ configuration, output, signal }: CommandContext, { sharing, share, link }: Sending): Promise<void> {
  const { text = '', from = userInfo().username } = configuration
  const box = await sharing.visitBox(link, { signal })
  output.remark(`Sending to “${box.terms.title}”`)
  const endReport = share === undefined ? () => {} : reportShare(share, output)
  const news = Promise.withResolvers<DropNews>()
  box.onNews((_, told) => {
    output.event({ type: 'news', ...told })
    if (told.state !== 'taking') news.resolve(told)
  })
  try {
    const files = (share?.entries ?? []).map(({ path, size, mediaType }) => ({ path, size, mediaType }))
    const offer = { from, words: text, files }
    await box.offer(share, offer, { signal, onAsked: () => output.remark('Its owner is asked') })
    const done =
      share === undefined ? raceAbort(news.promise, signal) : Promise.race([raceAbort(news.promise, signal), untilDone(share, signal)])
    const told = await done
    if (told?.state === 'failed') throw new MayflyError('ERR_DROP_REFUSED', `The drop box could not take it: ${told.text}`)
  } finally {
    endReport()
    box.close()
    await share?.end()
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
function untilDone(share: Share, signal: AbortSignal): Promise<undefined> {
  return abortable(signal, (resolve) => {
    const look = () => {
      if (share.receivers.some(({ state }) => state === 'done')) resolve(undefined)
    }
    const stopListening = share.onChange(look)
    look()
    return stopListening
  })
}

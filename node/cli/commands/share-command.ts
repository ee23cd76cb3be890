/** `mayfly share`: offers files, folders and words by a link and a code, until it is asked to stop, or its rules end it. */

import { abortable, inTime } from '../../async/abort.ts'
import {
  createPeer,
  decodeKeyHex,
  MayflyError,
  type Peer,
  type Share,
  type ShareReceiver,
  type ShareSpokenCode,
  type Sharing,
} from '../../index.ts'
import { originOfAddress } from '../../network/addresses.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { describeNetworkEvent, reportClock, startJoined, stopSoon } from '../fetch/joined-peer.ts'
import { findSharedOrigins } from '../fetch/shared-origins.ts'
import { closeInputs, MAX_HELD_BYTES, openInputs } from '../hold/hold-input.ts'
import { describeInput } from '../hold/input-sentences.ts'
import { type Asking, createAsking } from '../print/asking.ts'
import { type KeptShare, openKeptShare } from '../share/kept-share.ts'
import { qrLines } from '../share/qr-lines.ts'
import { type ShareContents, shareContents } from '../share/share-items.ts'
import { createShareReport } from '../share/share-report.ts'
import { shareRulesOf } from '../share/share-rules.ts'

/** Entries of one share. Each takes some memory, and a watch of the system. */
const MAX_ENTRIES = 20_000
/** How long receivers may take to hear that the share has ended, in ms. */
const FAREWELL_MS = 1_000
const USUAL_COLUMNS = 80

/**
 * Prints the link first, then the code.
 *
 * @throws {MayflyError} ERR_NO_NETWORK, ERR_BAD_OPTION, ERR_BAD_PATH, ERR_LIMIT, ERR_TOO_LARGE
 * @throws signal.reason, when aborted before the link was printed
 */
export async function runShare(context: CommandContext, paths: string[]): Promise<ExitCode> {
  const { configuration, output, signal, stdin } = context
  const { join, timeoutMs, text, skipHidden, skipOdd, peerRate } = configuration
  if (paths.length === 0 && text === undefined) {
    throw new MayflyError('ERR_BAD_OPTION', "Nothing to share: name files or folders, - for standard input, or --text 'words'")
  }
  const asking = createAsking({ stdin, output, signal })
  const limits = { maxHeldBytes: MAX_HELD_BYTES, ...(peerRate !== undefined && { maxPeerBytesPerSecond: peerRate }) }
  const peer = await createPeer({ role: 'tab', join, limits, createHasher: createNativeHasher, sharing: true })
  const kept = configuration.keep === undefined ? undefined : await openKeptShare(configuration.keep)
  const resume = kept?.snapshot
  const rules = resume === undefined ? await shareRulesOf(configuration, asking, () => networkTime(peer)) : { resume }
  const folderRules = { task: 'share', maxFiles: MAX_ENTRIES, skipHidden, skipOdd } as const
  const inputs = await openInputs(paths, { stdin, limits: peer.status().limits, rules: folderRules, signal })
  try {
    const contents = await shareContents(inputs, text)
    reportClock(peer, output)
    await startJoined(peer, { join, timeoutMs, signal })
    const share = await (peer.sharing as Sharing).share(contents.items, rules)
    if (resume !== undefined) output.remark(`The share of before goes on, by its own rules: it is kept in ${kept?.directory}`)
    const printer = await createLinkPrinter(context, peer, share)
    for (const fact of inputs.flatMap(describeInput)) output.remark(fact)
    return await runOpenShare(context, { peer, share, contents, asking, printer, kept })
  } finally {
    await stopSoon(peer)
    await closeInputs(inputs)
  }
}

interface OpenShare {
  peer: Peer
  share: Share
  contents: ShareContents
  asking: Asking
  printer: LinkPrinter
  /** Undefined for a share that ends with the command. */
  kept: KeptShare | undefined
}

/** Resolves once it has ended, and its receivers have heard so. */
async function runOpenShare(context: CommandContext, { peer, share, contents, asking, printer, kept }: OpenShare): Promise<ExitCode> {
  const { configuration, output, signal } = context
  const over = new AbortController()
  const ended = AbortSignal.any([signal, over.signal])
  const report = createShareReport({ share, output, now: () => performance.now() })
  const watched = watchFiles(peer, share, contents)
  const admitted = createAdmission(share, asking, ended)
  const update = () => {
    report.update()
    watched.update()
    admitted.update()
    if (isOver(share)) over.abort()
  }
  const stopListening = share.onChange(update)
  const stopKeeping = kept?.follow(share, (error) => output.problem(error))
  try {
    printer.print()
    update()
    const codes = configuration.noCode ? undefined : keepCode(context, share, ended)
    if (!configuration.noQr) await printQr(context, printer.url)
    output.remark(
      `It works while this command runs. ${kept === undefined ? 'Ctrl-C ends the share' : 'Ctrl-C stops it; the same command goes on'}`,
    )
    await abortable<void>(ended, () => undefined).catch(() => {})
    await codes
    return exitOf(share, signal)
  } finally {
    stopListening()
    watched.end()
    report.end()
    printer.end()
    stopKeeping?.()
    const isKept = kept !== undefined && !isOver(share)
    if (!isKept) await inTime(share.end(), FAREWELL_MS).catch((error: unknown) => output.problem(error))
    await kept?.close(!isKept)
    output.event({ type: isKept ? 'stopped' : 'ended', ...(share.endCode && { code: share.endCode }) })
    if (isKept) output.remark('Stopped: the same command goes on, with the same link')
    else output.remark(share.endCode === 'ERR_SHARE_EXPIRED' ? 'The time of the share is over' : 'The share has ended')
  }
}

/** True once it has ended by itself, all that may receive it have everything, or nothing of it can be read any more. */
function isOver({ state, endCode, rules, receivers, entries }: Share): boolean {
  // Receivers that have begun in time may finish.
  if (state === 'ended') return endCode !== 'ERR_SHARE_EXPIRED' || receivers.every((receiver) => receiver.state !== 'receiving')
  if (entries.length > 0 && entries.every((entry) => entry.state === 'failed')) return true
  const done = receivers.filter((receiver) => hasEverything(receiver, entries)).length
  return rules.receivers !== undefined && done >= rules.receivers
}

/** A file that its sharer cannot read any more is not missing. */
function hasEverything({ taken, saved }: ShareReceiver, entries: Share['entries']): boolean {
  const wanted = entries.filter(({ id, state }) => taken?.has(id) === true && state !== 'failed')
  return wanted.length > 0 && wanted.every(({ id }) => saved.has(id))
}

/** Ended by its owner it is done, as `hold` is; ended by its time, once somebody has it. */
function exitOf(share: Share, signal: AbortSignal): ExitCode {
  if (signal.aborted || share.receivers.some((receiver) => hasEverything(receiver, share.entries))) return EXIT.done
  return EXIT.failed
}

/** Has files read again that may have changed: content that is no longer right is released, and its entry fails. */
function watchFiles(peer: Peer, share: Share, { files }: ShareContents) {
  /** By entry. Bounded: the entries of a share. */
  const stops = new Map<number, () => void>()
  const sources = new Map(share.entries.map(({ id }, i) => [id, files[i]?.source]))
  return {
    /** Watches each file from the time on when it is held. */
    update(): void {
      for (const { id, state, hash } of share.entries) {
        const source = sources.get(id)
        if (state !== 'ready' || hash === undefined || source === undefined || stops.has(id)) continue
        stops.set(
          id,
          source.onChange(() => peer.content.check(decodeKeyHex(hash))),
        )
      }
    },
    end(): void {
      for (const stop of stops.values()) stop()
    },
  }
}

/** Asks for each receiver that waits. */
function createAdmission(share: Share, asking: Asking, signal: AbortSignal) {
  /** Bounded: the receivers that the share remembers. */
  const asked = new Set<string>()
  return {
    update(): void {
      for (const { id, label, state } of share.receivers) {
        if (state !== 'asking') {
          asked.delete(id)
          continue
        }
        if (asked.has(id)) continue
        asked.add(id)
        asking.confirm(`Let ${label} receive this?`, false, { signal }).then(
          (isAdmitted) => share.admit(id, isAdmitted),
          () => {}, // the share ends
        )
      }
    },
  }
}

/** Prints a code, and another one when it was used or is too old. One that was guessed at is not replaced. */
async function keepCode({ output }: CommandContext, share: Share, signal: AbortSignal): Promise<void> {
  let code: ShareSpokenCode | undefined
  try {
    for (let isFirst = true; ; isFirst = false) {
      code = await share.code({ signal })
      const { code: words, expiresAtMs } = code
      if (!isFirst) output.remark('The code before was used, or is too old. A new one:')
      output.result(words, { type: 'code', code: words, expiresAtMs })
      const settled = await abortable<Awaited<ShareSpokenCode['settled']>>(signal, (resolve, reject) => {
        code?.settled.then(resolve, reject)
        return undefined
      })
      output.event({ type: 'code-settled', code: words, how: settled })
      if (settled === 'burnt') {
        const why = `Somebody guessed three times at the code ${words}: it works no more, and the link still does`
        output.problem(new MayflyError('ERR_TOKEN_BURNT', why))
      }
      // As long as it is not taken back, whoever comes with it reads that it was guessed at.
      if (settled !== 'claimed' && settled !== 'expired') return await abortable<void>(signal, () => undefined)
    }
  } catch (error) {
    if (!signal.aborted) output.problem(error)
  } finally {
    await code?.cancel().catch(() => {})
  }
}

async function printQr({ output, stderr }: CommandContext, url: string): Promise<void> {
  if (!output.canAsk) return
  const { generate } = await import('lean-qr')
  const lines = qrLines(generate(url), stderr.columns || USUAL_COLUMNS)
  if (lines !== undefined) output.picture(lines)
}

type LinkPrinter = Awaited<ReturnType<typeof createLinkPrinter>>

/** Prints the link on the gateway that the peer is with, and anew when it is with another one: the first may be gone for good. */
async function createLinkPrinter({ configuration, output, signal }: CommandContext, peer: Peer, share: Share) {
  const { join } = configuration
  const origins = await findSharedOrigins(join, { signal })
  const elsewhere = join.map(originOfAddress).find((candidate) => candidate !== undefined)
  let origin = peer.status().homeOrigin ?? elsewhere
  let isPrinted = false
  const urlAt = (at: string | undefined) => (at === undefined ? share.path : (origins.get(at) ?? at) + share.path)
  const stopListening = peer.onEvent((event) => {
    const words = describeNetworkEvent(event)
    if (words === undefined) return
    output.remark(words)
    if (isPrinted) output.event(event)
    const { homeOrigin } = peer.status()
    if (event.type !== 'joined' || homeOrigin === undefined || homeOrigin === origin) return
    origin = homeOrigin
    if (!isPrinted) return
    output.remark(`Through ${homeOrigin} now, where the link is:`)
    output.result(urlAt(origin), { type: 'link', url: urlAt(origin), path: share.path })
  })
  return {
    get url() {
      return urlAt(origin)
    },
    print(): void {
      const url = urlAt(origin)
      isPrinted = true
      output.result(url, { type: 'share', id: share.id, url, path: share.path, entries: share.entries.length })
    },
    end: stopListening,
  }
}

function networkTime(peer: Peer): number {
  return Date.now() - peer.status().clock.aheadMs
}

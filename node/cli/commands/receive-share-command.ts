/** `mayfly receive` with the link or the code of a share: shows what is in it, asks, and saves it into a folder. */

import { statfs } from 'node:fs/promises'
import { abortable, createTimeout } from '../../async/abort.ts'
import { createPeer, MayflyError, type Peer, type ReceivedShare, type ShareEntry, type Sharing } from '../../index.ts'
import { createHttpPieces } from '../../server/port/http-pieces.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import { makeDirectories } from '../../server/store/directories.ts'
import { explainSystemError, storageProblem } from '../../server/store/system-error.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { describeNetworkEvent, reportClock, startJoined, stopSoon } from '../fetch/joined-peer.ts'
import { type Asking, createAsking } from '../print/asking.ts'
import { describeBytes } from '../print/progress-bar.ts'
import { chooseByPattern } from '../receive/path-pattern.ts'
import { receiveFiles } from '../receive/receive-files.ts'
import { openReceiveRecord, pathOfClaimedCode, type ReceiveRecord } from '../receive/receive-record.ts'
import { awayError, describeAway, describeEnd, describeEntries, describeEntry, endError, sumOf } from '../receive/share-words.ts'
import type { ShareTarget } from '../values/share-target.ts'

const SYSTEMS: Readonly<Record<string, string>> = { linux: 'Linux', darwin: 'macOS', win32: 'Windows', freebsd: 'FreeBSD' }
/** A sender that is not found in this time, in ms, is said to be waited for. */
const SOON_MS = 1_500
const MAX_PASSWORDS = 3

/**
 * @throws {MayflyError} ERR_SHARE_…, ERR_TOKEN_…, ERR_NO_HOLDER, ERR_NO_NETWORK, ERR_BAD_OPTION, ERR_BAD_PATH
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function runReceiveShare(context: CommandContext, target: ShareTarget): Promise<ExitCode> {
  const { configuration, output, signal, stdin } = context
  const { join, timeoutMs, yes, list } = configuration
  const asking = createAsking({ stdin, output, signal })
  if (!yes && !list && !asking.canAsk) {
    throw new MayflyError(
      'ERR_BAD_OPTION',
      'Nobody can be asked here whether to save what comes: --yes saves it, and --list prints what there is',
    )
  }
  const peer = await createPeer({ role: 'tab', join, createHasher: createNativeHasher, fetchPiece: createHttpPieces(), sharing: true })
  peer.onEvent((event) => {
    const words = describeNetworkEvent(event)
    if (words !== undefined) output.remark(words)
  })
  reportClock(peer, output)
  await startJoined(peer, { join, timeoutMs, signal })
  let share: ReceivedShare | undefined
  try {
    const { path, record } = await openTarget(context, peer, target)
    const label = `mayfly on ${SYSTEMS[process.platform] ?? process.platform}`
    share = (peer.sharing as Sharing).receive(path, { label, receiver: record.receiver, signal })
    return await receiveShare(context, { share, record, asking })
  } finally {
    await share?.close()
    await stopSoon(peer)
  }
}

/** Claims a code once; the same code leads to the same share from then on, on this machine. */
async function openTarget({ configuration, output, signal }: CommandContext, peer: Peer, target: ShareTarget) {
  const { data } = configuration
  if (target.kind === 'link') return { path: target.path, record: await openReceiveRecord(data, target.path) }
  const before = await pathOfClaimedCode(data, target.code)
  if (before !== undefined) return { path: before, record: await openReceiveRecord(data, before) }
  output.remark('Finding the share of this code')
  const path = await (peer.sharing as Sharing).claimCode(target.code, { signal })
  const record = await openReceiveRecord(data, path)
  await record.addCode(target.code)
  return { path, record }
}

interface OpenReceived {
  share: ReceivedShare
  record: ReceiveRecord
  asking: Asking
}

async function receiveShare(context: CommandContext, { share, record, asking }: OpenReceived): Promise<ExitCode> {
  const { configuration, output, signal } = context
  const { only, list, yes, overwrite, output: directory = '.' } = configuration
  await untilListed(context, share, asking)
  const chosen = chooseByPattern(share.entries, only)
  printList(context, share, chosen)
  if (list) return EXIT.done
  const into = directory === '.' ? 'this folder' : directory
  if (!yes && !(await confirmed(share, asking, `Save ${describeEntries(chosen)} into ${into}?`, signal))) {
    output.remark('Nothing was taken')
    return EXIT.done
  }
  await mustHaveRoom(directory, chosen, record)
  const watchdog = createWatchdog(context, share)
  const ended = AbortSignal.any([signal, watchdog.signal])
  try {
    await take(context, share, only.length === 0 ? undefined : chosen.map(({ id }) => id), ended)
    await record.addTaken()
    const ids = new Set(chosen.map(({ id }) => id))
    const entries = share.entries.filter(({ id }) => only.length === 0 || ids.has(id))
    await printTexts(context, share, entries)
    const files = entries.filter(({ kind }) => kind === 'file')
    const bar = output.progressBar('receiving', sumOf(files))
    const saving = {
      share,
      entries: files,
      directory,
      record,
      output,
      bar,
      mayReplace: overwrite,
      onProgress: watchdog.onProgress,
      signal: ended,
    }
    const result = await receiveFiles(saving).finally(bar.end)
    if (files.length > 0) {
      const words = `${directory}: ${result.saved === 1 ? '1 file' : `${result.saved} files`}, ${describeBytes(result.bytes)}`
      output.result(words, { type: 'done', directory, files: result.saved, failed: result.failed, bytes: result.bytes })
    } else output.event({ type: 'done', files: 0, failed: 0, bytes: 0 })
    return result.failed > 0 ? EXIT.failed : EXIT.done
  } catch (error) {
    const problem = storageProblem(error)
    if (problem !== undefined) share.tell(problem)
    if (signal.aborted || problem !== undefined) output.remark('What has come stays: run the same command again to go on')
    signal.throwIfAborted() // the share was closed here, which is no reason to tell
    throw error
  } finally {
    watchdog.end()
  }
}

/**
 * Resolves when the list is here, and the password was right where there is one.
 *
 * @throws {MayflyError} ERR_NO_HOLDER, ERR_SHARE_…
 */
async function untilListed({ configuration, output, signal }: CommandContext, share: ReceivedShare, asking: Asking): Promise<void> {
  const { waitMs, password } = configuration
  const late = createTimeout(waitMs)
  const waiting = setTimeout(() => {
    if (isGone(share.state)) output.remark('The sender is not here; waiting')
  }, SOON_MS)
  try {
    for (let tries = 0; ; ) {
      const state = await untilState(share, (now) => !isGone(now), AbortSignal.any([signal, late.signal])).catch((error: unknown) => {
        throw late.signal.aborted && !signal.aborted ? awayError(share) : error
      })
      if (state === 'ended') throw endError(share.endCode)
      if (state !== 'password') return
      late.end()
      const given = password || (asking.canAsk ? await asking.secret('Password of the share:') : undefined)
      if (given === undefined) {
        throw new MayflyError('ERR_SHARE_PASSWORD', 'This share needs its password: run this in a terminal, or set MAYFLY_PASSWORD')
      }
      try {
        await share.enter(given, { signal })
      } catch (error) {
        const isWrong = error instanceof MayflyError && error.code === 'ERR_SHARE_PASSWORD'
        if (!isWrong || password || ++tries === MAX_PASSWORDS) throw error
        output.problem(error)
      }
    }
  } finally {
    late.end()
    clearTimeout(waiting)
  }
}

/** A share that ends meanwhile is asked about no longer. @throws {MayflyError} ERR_SHARE_… */
async function confirmed(share: ReceivedShare, asking: Asking, question: string, signal: AbortSignal): Promise<boolean> {
  const ended = new AbortController()
  const look = () => {
    if (share.state === 'ended') ended.abort(endError(share.endCode))
  }
  const stopListening = share.onChange(look)
  look()
  try {
    return await asking.confirm(question, true, { signal: AbortSignal.any([signal, ended.signal]) })
  } finally {
    stopListening()
  }
}

/** A sender that leaves before it has answered is waited for, and asked again. */
async function take({ output }: CommandContext, share: ReceivedShare, ids: number[] | undefined, signal: AbortSignal): Promise<void> {
  while (true) {
    const state = await untilState(share, (now) => !isGone(now), signal)
    if (state === 'ended') throw endError(share.endCode)
    if (share.rules?.ask) output.remark('The sender is asked')
    const left = new AbortController()
    const stopListening = share.onChange(() => {
      if (isGone(share.state)) left.abort()
    })
    try {
      return await share.take(ids, { signal: AbortSignal.any([signal, left.signal]) })
    } catch (error) {
      signal.throwIfAborted()
      if (share.state === 'ended') throw endError(share.endCode)
      if (!isGone(share.state)) throw error
    } finally {
      stopListening()
    }
  }
}

const isGone = (state: ReceivedShare['state']) => state === 'away' || state === 'looking'

function untilState(
  share: ReceivedShare,
  test: (state: ReceivedShare['state']) => boolean,
  signal: AbortSignal,
): Promise<ReceivedShare['state']> {
  return abortable(signal, (resolve) => {
    const look = () => {
      if (test(share.state)) resolve(share.state)
    }
    const stopListening = share.onChange(look)
    look()
    return stopListening
  })
}

/** Says when the sender leaves and comes back, and gives up once nothing has come for `--wait`. */
function createWatchdog({ configuration, output, signal }: CommandContext, share: ReceivedShare) {
  const over = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let before = share.state
  let hasLeft = false
  const wait = () => {
    clearTimeout(timer)
    timer = setTimeout(() => over.abort(awayError(share)), configuration.waitMs)
  }
  const look = () => {
    const { state, helpers, endCode } = share
    if (state === before || signal.aborted) return
    before = state
    output.event({ type: 'state', state, helpers, ...(endCode && { code: endCode }) })
    if (isGone(state)) {
      hasLeft = true
      wait()
      return output.remark(describeAway(helpers))
    }
    clearTimeout(timer)
    if (state === 'ended') output.remark(describeEnd(endCode, helpers))
    if (state !== 'taken' || !hasLeft) return
    hasLeft = false
    output.remark('The sender is here again')
  }
  const stopListening = share.onChange(look)
  return {
    signal: over.signal,
    /** Something came, from whomever. */
    onProgress(): void {
      if (isGone(share.state)) wait()
    },
    end(): void {
      stopListening()
      clearTimeout(timer)
    },
  }
}

/** With `--list` it is the result: all of the share. Else it is for the person who is asked. */
function printList({ configuration, output }: CommandContext, share: ReceivedShare, chosen: readonly ShareEntry[]): void {
  const { list } = configuration
  if (output.json) {
    output.event(listFacts(share))
    return
  }
  for (const entry of list ? share.entries : chosen) {
    if (list) output.result(describeEntry(entry), {})
    else output.remark(describeEntry(entry))
  }
  const of = chosen.length < share.entries.length ? `, of ${describeEntries(share.entries)}` : ''
  output.remark(describeEntries(chosen) + of)
}

function listFacts({ id, entries, rules }: ReceivedShare): Record<string, unknown> {
  return {
    type: 'list',
    id,
    entries: entries.map(({ id: entry, kind, path, size, mediaType, modifiedMs, state }) => ({
      entry,
      kind,
      path,
      size,
      mediaType,
      ...(modifiedMs !== undefined && { modifiedMs }),
      state,
    })),
    ...(rules && { rules }),
  }
}

/** Into a pipe as they are. */
async function printTexts({ output, stdout }: CommandContext, share: ReceivedShare, entries: readonly ShareEntry[]): Promise<void> {
  for (const { id, kind, path, text } of entries) {
    if (kind !== 'text' || text === undefined) continue
    if (output.json || stdout.isTTY === true) output.result(text.replaceAll('\t', '    '), { type: 'text', entry: id, path, text })
    else await output.bytes(new TextEncoder().encode(text.endsWith('\n') ? text : `${text}\n`))
    share.saved(id)
  }
}

/** Before anything is taken of a share that may be taken once. @throws {MayflyError} ERR_NOT_STORED; the system's error, in words */
async function mustHaveRoom(directory: string, entries: readonly ShareEntry[], { hasBegun }: ReceiveRecord): Promise<void> {
  try {
    await makeDirectories(directory)
    if (hasBegun) return // a part of it takes room already
    const { bavail, bsize } = await statfs(directory)
    const [free, needed] = [bavail * bsize, sumOf(entries)]
    if (free >= needed) return
    throw new MayflyError(
      'ERR_NOT_STORED',
      `There is not enough room in ${directory}: ${describeBytes(needed)} come, and ${describeBytes(free)} are free`,
    )
  } catch (error) {
    throw explainSystemError(`Cannot write into ${directory}`, error)
  }
}

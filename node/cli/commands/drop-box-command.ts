/** `mayfly receive --files DIR`: a link by which others send files, each time into a folder of its own, until it is asked to stop. */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import {
  createPeer,
  type DropBox,
  type DropTerms,
  type ReceiveSubmissionOptions,
  type Sharing,
  type Submission,
  type SubmissionState,
} from '../../index.ts'
import { createHttpPieces } from '../../server/port/http-pieces.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import { makeDirectories } from '../../server/store/directories.ts'
import { openLockedDirectory } from '../../server/store/locked-directory.ts'
import { readOwnerFile, replaceOwnerFile } from '../../server/store/owner-file.ts'
import { explainSystemError } from '../../server/store/system-error.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { describeNetworkEvent, reportClock, startJoined, stopSoon } from '../fetch/joined-peer.ts'
import { findSharedOrigins } from '../fetch/shared-origins.ts'
import { describeBytes } from '../print/progress-bar.ts'
import { receiveAgain } from '../receive/receive-again.ts'
import { createSubmissionSaver, forOwner } from '../receive/submission-saver.ts'
import type { Configuration } from '../settings.ts'

const SNAPSHOT = 'box'
const MAX_SNAPSHOT_BYTES = 16_777_216
const USUAL_TITLE = 'Files for me'

/**
 * The same folder has the same link in each run.
 *
 * @throws {MayflyError} ERR_NO_NETWORK, ERR_BAD_OPTION
 * @throws the system's error, in words
 */
export async function runDropBox(context: CommandContext, directory: string): Promise<ExitCode> {
  const { configuration, output, signal } = context
  const { join: addresses, timeoutMs } = configuration
  await makeDirectories(directory).catch((error: unknown) => {
    throw explainSystemError(`Cannot write into ${directory}`, error)
  })
  const store = await openBoxStore(configuration.data, directory)
  const peer = await createPeer({
    role: 'tab',
    join: addresses,
    createHasher: createNativeHasher,
    fetchPiece: createHttpPieces(),
    sharing: true,
  })
  let box: DropBox | undefined
  let writing: Promise<void> = Promise.resolve()
  try {
    peer.onEvent((event) => {
      const words = describeNetworkEvent(event)
      if (words !== undefined) output.remark(words)
    })
    reportClock(peer, output)
    await startJoined(peer, { join: addresses, timeoutMs, signal })
    const resume = await store.read()
    const terms = termsOf(configuration, Date.now() - peer.status().clock.aheadMs)
    box = await (peer.sharing as Sharing).openBox(terms, resume === undefined ? {} : { resume })
    const opened = box
    const write = () => {
      writing = writing.then(() => store.write(opened.snapshot())).catch((error: unknown) => output.problem(error))
    }
    box.onChange(write)
    write()
    const { homeOrigin } = peer.status()
    const origin = homeOrigin === undefined ? '' : ((await findSharedOrigins([homeOrigin], { signal })).get(homeOrigin) ?? homeOrigin)
    const [url, putUrl] = [origin + box.path, origin + box.putPath]
    output.result(url, { type: 'box', id: box.id, url, path: box.path, putUrl, directory })
    output.remark(`Whoever has this link can send files into ${directory} while this command runs. Ctrl-C ends it`)
    output.remark(`From a script: curl --fail-with-body -T FILE '${putUrl}' (the gateway reads what it passes on)`)
    box.onSubmission((submission) => take(context, directory, submission))
    if (!signal.aborted) await once(signal, 'abort')
    output.remark('Stopped: the same command goes on, with the same link')
    return EXIT.done
  } finally {
    await writing
    await stopSoon(peer)
    store.close()
  }
}

/** A pushed file is taken once it is stored; a share as soon as its list fits the terms. */
async function take(context: CommandContext, directory: string, submission: Submission): Promise<void> {
  const { output, signal } = context
  const { id, from, words, files, pushed } = submission
  const who = from === '' ? 'Somebody' : from
  output.event({ type: 'submission', submission: id, from, words, files })
  const names = files.length === 1 ? files[0]?.path : `${files.length} files`
  output.remark(
    `${who} sends ${files.length === 0 ? 'words' : `${names}, ${describeBytes(files.reduce((sum, { size }) => sum + size, 0))}`}`,
  )
  let last: SubmissionState['state'] | undefined
  const options: ReceiveSubmissionOptions = {
    signal,
    label: 'mayfly',
    onState({ state, bytes, totalBytes, text }) {
      output.event({ type: 'state', submission: id, state, bytes, totalBytes, ...(text !== '' && { text }) })
      if (state === 'waiting' && last === 'receiving') output.remark(`${who} has left; waiting`)
      last = state
    },
  }
  const receive = () => submission.receive(createSubmissionSaver(context, directory, { submission: id }), options)
  // Its gateway has no copy, and its sender hears of a failure: it is not tried again.
  if (pushed !== undefined) {
    return receive().catch((error: unknown) => {
      if (!signal.aborted) output.problem(forOwner(error))
      throw error
    })
  }
  void receiveAgain({ output, signal, receive, isOver: () => last === 'over' || submission.withdrawn.aborted }).then(
    (isWhole) =>
      output.remark(isWhole ? `${who}: all of it is here` : `${who}: not all of it is here, and nothing more comes. What has come stays`),
    () => {}, // the command ends
  )
}

function termsOf({ title = USUAL_TITLE, maxSize, maxFileSize, maxFiles, accept, untilMs }: Configuration, nowMs: number): DropTerms {
  return {
    title,
    ...(maxSize !== undefined && { maxBytes: maxSize }),
    ...(maxFileSize !== undefined && { maxFileBytes: maxFileSize }),
    ...(maxFiles !== undefined && { maxFiles }),
    ...(accept.length > 0 && { types: accept }),
    ...(untilMs !== undefined && { untilMs: nowMs + untilMs }),
  }
}

/** The secrets of the folder's box, and what is not complete, in `boxes/…` of the data directory; for one process at a time. */
async function openBoxStore(data: string, directory: string) {
  const id = createHash('sha256').update(resolve(directory)).digest('hex').slice(0, 16)
  const path = join(data, 'boxes', id)
  const taken = `Files are received into ${directory} already: end that command first`
  const locked = await openLockedDirectory(path, { noun: `the directory ${path} of the drop box`, taken }, async () => ({}))
  const file = { directory: path, name: SNAPSHOT, noun: 'drop box', maxBytes: MAX_SNAPSHOT_BYTES }
  return {
    read: () => readOwnerFile(file),
    write: (bytes: Uint8Array) => replaceOwnerFile(path, SNAPSHOT, bytes),
    close: () => locked.release(),
  }
}

/** `mayfly receive --files DIR`: a link by which others send files, each time into a folder of its own, until it is asked to stop. */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createPeer, type DropBox, type DropTerms, MayflyError, type Sharing, type Submission, type SubmissionSaver } from '../../index.ts'
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
import { receiveFiles } from '../receive/receive-files.ts'
import { openReceiveRecord } from '../receive/receive-record.ts'
import { saveStream } from '../receive/save-stream.ts'
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
    output.remark(`From a script: curl -T FILE '${putUrl}' (the gateway reads what it passes on)`)
    box.onSubmission((submission) => take(context, directory, submission))
    if (!signal.aborted) await once(signal, 'abort')
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
  const receiving = submission
    .receive(createSaver(context, directory, submission), {
      signal,
      label: 'mayfly',
      onState({ state, bytes, totalBytes, text }) {
        output.event({ type: 'state', submission: id, state, bytes, totalBytes, ...(text !== '' && { text }) })
        if (state === 'done') output.remark(`${who}: all of it is here`)
      },
    })
    .catch((error: unknown) => {
      if (signal.aborted) return
      output.problem(error)
      if (pushed !== undefined) throw error
    })
  if (pushed !== undefined) await receiving
}

function createSaver({ configuration, output }: CommandContext, directory: string, submission: Submission): SubmissionSaver {
  const tell = (value: Record<string, unknown>) => output.event({ ...value, submission: submission.id })
  return {
    async saveShare(share, folder, { signal = new AbortController().signal, onProgress = () => {} }) {
      const record = await openReceiveRecord(configuration.data, submission.share ?? folder)
      const into = join(directory, folder)
      const entries = share.entries.filter(({ kind }) => kind === 'file')
      const { failed } = await receiveFiles({
        share,
        entries,
        directory: into,
        record,
        output: { ...output, event: tell },
        mayReplace: false,
        onProgress,
        signal,
      }).catch(forSender)
      for (const { id, kind, path, text } of share.entries) {
        if (kind !== 'text') continue
        await saveStream(into, path, oneChunk(text ?? ''))
        share.saved(id)
      }
      if (failed > 0) throw new MayflyError('ERR_UNAVAILABLE', `${failed} of the files could not be read by their sender`)
      output.result(into, { type: 'received', submission: submission.id, directory: into, files: entries.length })
    },
    async saveStream(folder, path, bytes, options) {
      const file = await saveStream(join(directory, folder), path, bytes, options).catch(forSender)
      output.result(file, { type: 'received', submission: submission.id, file })
    },
  }
}

/** Words for both sides where the disk takes nothing more. */
function forSender(error: unknown): never {
  if (error instanceof MayflyError || !(error instanceof Error) || !('code' in error)) throw error
  throw new MayflyError('ERR_NOT_STORED', error.message, { cause: error })
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text)
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

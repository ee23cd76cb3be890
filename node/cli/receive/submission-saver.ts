/** Saves what others send, or offer, below a folder of this machine, and reports each file to programs. */

import { join } from 'node:path'
import { MayflyError, type SubmissionSaver } from '../../index.ts'
import { storageProblem } from '../../server/store/system-error.ts'
import type { CommandContext } from '../command-context.ts'
import { receiveFiles } from './receive-files.ts'
import { openReceiveRecord } from './receive-record.ts'
import { saveStream } from './save-stream.ts'

/** @param about goes with each event: which submission, or which offer, it is of */
export function createSubmissionSaver(
  { configuration, output }: CommandContext,
  directory: string,
  about: Readonly<Record<string, string>>,
): SubmissionSaver {
  const tell = (value: Record<string, unknown>) => output.event({ ...value, ...about })
  return {
    async saveShare(share, folder, { signal = new AbortController().signal, onProgress = () => {} }) {
      const record = await openReceiveRecord(configuration.data, `/s/${share.id}#`)
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
      output.result(into, { type: 'received', ...about, directory: into, files: entries.length })
    },
    async saveStream(folder, path, bytes, options) {
      const file = await saveStream(join(directory, folder), path, bytes, options).catch(forSender)
      output.result(file, { type: 'received', ...about, file })
    },
  }
}

/** Words for the sender where the disk takes nothing more; those with the path, for this side, are its cause. */
function forSender(error: unknown): never {
  const words = storageProblem(error)
  throw words === undefined ? error : new MayflyError('ERR_NOT_STORED', words, { cause: error })
}

/** The same error in words for the person here. */
export const forOwner = (error: unknown): unknown =>
  error instanceof MayflyError && error.code === 'ERR_NOT_STORED' ? (error.cause ?? error) : error

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text)
}

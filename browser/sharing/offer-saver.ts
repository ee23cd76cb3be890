/** Saves what a contact offers as downloads of the browser, which need no press of a button: many files, and folders, as one zip file. */

import type { SubmissionSaver } from '../../node/index.ts'
import type { PeerLibrary } from '../peer/types.ts'
import { Pace } from '../transfer/pace.ts'
import type { ReceivedFiles } from '../transfer/received-files.ts'
import { EntryNames } from './entry-names.ts'
import { fetchEntry, type PlainFile } from './received-entry.ts'
import { downloadsFor, type ZippedFile } from './save-place.ts'

interface SaverParts {
  library: PeerLibrary
  files(): Promise<ReceivedFiles>
}

export function createOfferSaver({ library, files }: SaverParts): SubmissionSaver {
  return {
    async saveShare(received, _folder, { signal = new AbortController().signal, onProgress = () => {} }) {
      const names = new EntryNames(library.safePath)
      const fetched: (ZippedFile & { id: number })[] = []
      const pace = new Pace()
      let before = 0
      for (const entry of received.entries) {
        const { path } = names.of(entry)
        const report = ({ done }: { done: number }) => onProgress(before + done)
        const file =
          entry.kind === 'text'
            ? plainText(entry.text ?? '')
            : await fetchEntry({ received, files: await files(), library: async () => library }, entry, {
                signal,
                isDoubtful: true,
                pace,
                onProgress: report,
              })
        fetched.push({ id: entry.id, path, file, modifiedMs: entry.modifiedMs })
        before += entry.size
        onProgress(before)
      }
      const place = downloadsFor(
        fetched.map(({ path }) => path),
        files,
      )
      const saving = { signal, onBytes() {} }
      if (place.isZip) await place.saveAll(fetched, saving)
      for (const { id, path, file } of fetched) {
        if (!place.isZip) await place.save(path, file, saving)
        received.saved(id)
        if (file.hash !== undefined) await (await files()).remove(file.hash)
      }
    },
    /** Words are shown with the offer. */
    async saveStream() {},
  }
}

function plainText(text: string): PlainFile {
  const bytes = new TextEncoder().encode(text)
  return {
    size: bytes.byteLength,
    hash: undefined,
    async *read() {
      yield bytes
    },
  }
}

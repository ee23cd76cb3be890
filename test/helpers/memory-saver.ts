/** Keeps what is received in memory, as `folder/path`. */

import type { SubmissionSaver } from '../../node/index.ts'
import { createMemoryStore, type MemoryStore } from './share-store.ts'

export function createMemorySaver() {
  const files = new Map<string, Uint8Array>()
  const saver: SubmissionSaver = {
    async saveShare(received, folder, { signal, onProgress }) {
      for (const { id, path, kind, text, size } of received.entries) {
        let bytes: Uint8Array = new TextEncoder().encode(text)
        if (kind === 'file') {
          let store: MemoryStore | undefined
          await received.fetch(id, async (shape) => (store = createMemoryStore(shape)), { ...(signal && { signal }) })
          bytes = (await store?.plain()) ?? new Uint8Array()
        }
        files.set(`${folder}/${path}`, bytes)
        onProgress?.(size)
        received.saved(id)
      }
    },
    async saveStream(folder, path, chunks) {
      const all: Uint8Array[] = []
      for await (const chunk of chunks) all.push(chunk)
      files.set(`${folder}/${path}`, new Uint8Array(Buffer.concat(all)))
    },
  }
  return {
    saver,
    files,
    /** The bytes of the file of this name, in whatever folder. */
    find: (name: string) => [...files].find(([path]) => path.endsWith(`/${name}`))?.[1],
  }
}

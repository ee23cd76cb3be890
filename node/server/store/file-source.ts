/** A file as content: read in place, never copied, and no longer read once it has changed. */

import { type Stats, watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { MayflyError } from '../../errors.ts'
import type { ContentSource } from '../../index.ts'

export type FileSource = Awaited<ReturnType<typeof openFileSource>>

/** @throws the system's error, when it cannot be opened */
export async function openFileSource(path: string) {
  const file = await open(path, 'r')
  const source = await createHandleSource(file, path)
  const { ino, dev } = await file.stat()

  /** @throws {MayflyError} ERR_UNAVAILABLE, unless the path leads to the file that was opened, unchanged */
  async function check(): Promise<void> {
    const now = await stat(path).catch(() => undefined)
    if (now?.ino !== ino || now.dev !== dev) throw changed(path, 'has been replaced or removed')
    await source.read(0, 0)
  }

  return {
    ...source,
    close: () => file.close(),
    /**
     * Calls back, once, when the file is changed, replaced or removed. Where the system cannot watch it (no more watches, some network disks), a
     * change is noticed when it is read.
     *
     * @returns a function that stops watching
     */
    onChange(listener: (reason: Error) => void): () => void {
      let isOver = false
      const end = () => {
        isOver = true
        watcher?.close()
      }
      const checkAgain = () =>
        check().catch((reason: Error) => {
          if (isOver) return
          end()
          listener(reason)
        })
      const watcher = watchFile(path, checkAgain)
      // The file may have changed before it was watched.
      void checkAgain()
      return end
    },
  }
}

/**
 * The bytes of an open file. Once the file was written to, reading it throws ERR_UNAVAILABLE.
 *
 * @param name for errors
 */
export async function createHandleSource(file: FileHandle, name: string): Promise<ContentSource> {
  const first = await file.stat()
  const isSame = (now: Stats) => now.size === first.size && now.mtimeMs === first.mtimeMs

  return {
    size: first.size,
    async read(offset, length, { signal } = {}) {
      signal?.throwIfAborted()
      const bytes = new Uint8Array(length)
      let at = 0
      while (at < length) {
        const { bytesRead } = await file.read(bytes, at, length - at, offset + at)
        if (bytesRead === 0) throw changed(name, 'is shorter than it was')
        at += bytesRead
      }
      if (!isSame(await file.stat())) throw changed(name, 'has changed')
      return bytes
    },
    close: () => file.close(),
  }
}

function changed(name: string, how: string): MayflyError {
  return new MayflyError('ERR_UNAVAILABLE', `Cannot read ${name} any more: it ${how}`)
}

function watchFile(path: string, onEvent: () => void): { close(): void } | undefined {
  try {
    const watcher = watch(path, { persistent: false }, onEvent)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}

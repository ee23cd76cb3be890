/** A file as content: read where it lies, never copied, and no longer believed once it has changed. */

import { type Stats, watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { MayflyError } from '../../errors.ts'
import type { ContentSource } from '../../index.ts'

export interface FileSource extends ContentSource {
  close(): Promise<void>
  /**
   * Calls back, once, when the file is changed, replaced or taken away. Where the system cannot watch (no more watches, some network
   * disks) a change is noticed by who reads it. Returns the function that ends it.
   */
  onChange(listener: (reason: Error) => void): () => void
}

/** @throws the system's error, when it cannot be opened */
export async function openFileSource(path: string): Promise<FileSource> {
  const file = await open(path, 'r')
  const source = await createHandleSource(file, path)
  const { ino, dev } = await file.stat()

  /** What is at the path now is the file that was opened, as it was. */
  async function check(): Promise<void> {
    const now = await stat(path).catch(() => undefined)
    if (now?.ino !== ino || now.dev !== dev) throw changed(path, 'has been replaced or taken away')
    await source.read(0, 0)
  }

  return {
    ...source,
    close: () => file.close(),
    onChange(listener) {
      let isOver = false
      const end = () => {
        isOver = true
        watcher?.close()
      }
      const look = () =>
        check().catch((reason: Error) => {
          if (isOver) return
          end()
          listener(reason)
        })
      const watcher = watchFile(path, look)
      // It may have changed while it was read the first time.
      void look()
      return end
    },
  }
}

/**
 * What an open file has, for as long as it is not written to; then reading it is ERR_UNAVAILABLE. The name is for its errors.
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

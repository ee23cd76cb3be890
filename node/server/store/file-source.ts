/**
 * A file as content: read in place, never copied. It is opened anew for each read, so any number can be held. It does not judge the bytes: what is
 * read of held content is compared with its hash.
 */

import { type BigIntStats, constants, watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { MayflyError } from '../../errors.ts'
import type { ContentSource } from '../../index.ts'
import { explainSystemError } from './system-error.ts'

export interface FileSource extends ContentSource {
  /**
   * Calls back when the file may have changed: it was written to, touched, replaced or removed. Changes that come while the listener is at work
   * are reported together afterwards. Where the system does not tell of a change (a memory-mapped write, no more watches, some network disks),
   * it is noticed when the file is read.
   *
   * @returns a function that stops watching
   */
  onChange(listener: () => Promise<unknown>): () => void
}

/** Opening a pipe that has taken the file's place must not wait for its writer. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

/** @throws the system's error, in words, when it cannot be read */
export async function openFileSource(path: string): Promise<FileSource> {
  /** As it was when it was last looked at. */
  let seen: BigIntStats | undefined = await withFile(path, (file) => file.stat({ bigint: true }))
  const size = Number(seen.size)

  /** True when its bytes may be others than at the last look. */
  async function isMaybeChanged(): Promise<boolean> {
    const before = seen
    seen = await stat(path, { bigint: true }).catch(() => undefined)
    return !isSame(seen, before)
  }

  return {
    size,
    /** @throws {MayflyError} ERR_UNAVAILABLE when it has another size now; the system's error, in words */
    async read(offset, length, { signal } = {}) {
      signal?.throwIfAborted()
      return withFile(path, async (file) => {
        const bytes = await readAll(file, path, offset, length)
        if ((await file.stat()).size !== size) throw changed(path)
        return bytes
      })
    },
    onChange(listener) {
      let isOver = false
      let isLooking = false
      let isToLook = true
      let watcher = watchFile(path, lookAgain)

      function lookAgain(): void {
        isToLook = true
        if (!isLooking) void report()
      }
      async function report(): Promise<void> {
        isLooking = true
        while (isToLook && !isOver) {
          isToLook = false
          if (!(await isMaybeChanged()) || isOver) continue
          // A watch follows the file, not its name. A change between two watches is seen by looking again.
          watcher?.close()
          watcher = watchFile(path, lookAgain)
          isToLook = true
          await listener()
        }
        isLooking = false
      }
      // The file may have changed before it was watched.
      void report()
      return () => {
        isOver = true
        watcher?.close()
      }
    },
  }
}

/**
 * The bytes of an open file that nobody else can write to.
 *
 * @param name for errors
 */
export async function createHandleSource(file: FileHandle, name: string): Promise<ContentSource> {
  const { size } = await file.stat()
  return {
    size,
    async read(offset, length, { signal } = {}) {
      signal?.throwIfAborted()
      return readAll(file, name, offset, length)
    },
    close: () => file.close(),
  }
}

/** @throws the system's error, in words */
export async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  let file: FileHandle | undefined
  try {
    file = await open(path, FLAGS)
    return await use(file)
  } catch (error) {
    throw explainSystemError(`Cannot read ${path}`, error)
  } finally {
    await file?.close()
  }
}

async function readAll(file: FileHandle, name: string, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let at = 0
  while (at < length) {
    const { bytesRead } = await file.read(bytes, at, length - at, offset + at)
    if (bytesRead === 0) throw changed(name)
    at += bytesRead
  }
  return bytes
}

/** A program can set the time of a change back (mtime), but not the time of the last change of anything about the file (ctime). */
function isSame(now: BigIntStats | undefined, before: BigIntStats | undefined): boolean {
  return (['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const).every((field) => now?.[field] === before?.[field])
}

function changed(name: string): MayflyError {
  return new MayflyError('ERR_UNAVAILABLE', `Cannot read ${name} any more: it has another size`)
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

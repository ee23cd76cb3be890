/**
 * The file that a download is written to, beside its target: `film.mp4.3f5a….part`. It stays when this process is killed. One process at a time
 * writes it, by the lock on `film.mp4.3f5a….part.lock`. Its bytes are checked in `partial-content.ts` and `sealed-partial-content.ts`.
 */

import { constants, rmSync } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import { takeFileLock } from '../../server/store/file-lock.ts'
import { explainSystemError } from '../../server/store/system-error.ts'
import type { AbortOptions, Key } from '../../types.ts'

/** Longest file name, in bytes of UTF-8. */
const MAX_NAME_BYTES = 255
/** Digits of the hash in its name: enough to tell apart all content that might be downloaded to one target. */
const SHOWN_DIGITS = 16
const LOCK_SUFFIX = '.lock'

/**
 * Opens the part file of an earlier attempt, or makes one.
 *
 * @throws {MayflyError} ERR_UNAVAILABLE while another process downloads to it
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function openPartFile(target: string, key: Key, { signal }: AbortOptions = {}) {
  const path = partFilePathOf(target, key)
  const inWords = (error: unknown): never => {
    signal?.throwIfAborted()
    throw explainSystemError(`Cannot write ${target}`, error)
  }
  const unlock = await lockPartFile(path, target).catch(inWords)
  try {
    return await openLocked(path, target, { signal, inWords, unlock })
  } catch (error) {
    unlock()
    return inWords(error)
  }
}

/**
 * @returns a function that unlocks it, which may be called twice
 * @throws {MayflyError} ERR_UNAVAILABLE: another process has the lock
 * @throws the system's error
 */
export async function lockPartFile(path: string, target: string): Promise<() => void> {
  const lock = path + LOCK_SUFFIX
  let release = takeFileLock(lock)
  if (release === undefined) {
    throw new MayflyError(
      'ERR_UNAVAILABLE',
      `Cannot write ${target}: another process is downloading the same content to it, or its disk has no locks. Wait for that one, or choose another name`,
    )
  }
  return () => {
    if (release === undefined) return
    rmSync(lock, { force: true })
    release()
    release = undefined
  }
}

interface LockedFile {
  signal: AbortSignal | undefined
  inWords(error: unknown): never
  unlock(): void
}

async function openLocked(path: string, target: string, { signal, inWords, unlock }: LockedFile) {
  const mode = (await stat(target).catch(() => undefined))?.mode ?? 0o666
  // A link in its place is not followed.
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW
  const file = await open(path, flags, mode & 0o777)
  let { size } = await file.stat()
  let isFinished = false

  return {
    /** In bytes. */
    get size() {
      return size
    },
    /** All bytes of an earlier attempt. To be read to the end before anything is appended. */
    async *read(): AsyncIterable<Uint8Array> {
      try {
        // The stream does not get the signal: one that does not close its file would fail, without a listener, when that is aborted later.
        for await (const bytes of file.createReadStream({ start: 0, autoClose: false })) {
          signal?.throwIfAborted()
          yield bytes
        }
      } catch (error) {
        inWords(error)
      }
    },
    /** Bytes from the offset on, at most `length`. */
    async readAt(offset: number, length: number): Promise<Uint8Array> {
      signal?.throwIfAborted()
      const bytes = new Uint8Array(length)
      const { bytesRead } = await file.read(bytes, 0, length, offset).catch(inWords)
      return bytes.subarray(0, bytesRead)
    },
    async append(bytes: Uint8Array): Promise<void> {
      for (let at = 0; at < bytes.byteLength; ) {
        const { bytesWritten } = await file.write(bytes, at, bytes.byteLength - at, size + at).catch(inWords)
        at += bytesWritten
      }
      size += bytes.byteLength
    },
    /** Keeps only the first bytes. */
    async truncate(rest: number): Promise<void> {
      await file.truncate(rest).catch(inWords)
      size = rest
    },
    /** Renames it to its target. */
    async finish(): Promise<void> {
      try {
        await file.datasync()
        await file.close()
        await rename(path, target)
        isFinished = true
        unlock()
      } catch (error) {
        inWords(error)
      }
    },
    /** Leaves it for a later attempt, or removes it when it is empty. Does nothing once it is finished. */
    async close(): Promise<void> {
      if (isFinished) return
      await file.close()
      if (size === 0) await rm(path, { force: true })
      unlock()
    },
  }
}

export function partFilePathOf(target: string, key: Key): string {
  const suffix = `.${encodeKeyHex(key).slice(0, SHOWN_DIGITS)}.part`
  const name = basename(target) + suffix
  return join(dirname(target), Buffer.byteLength(name) <= MAX_NAME_BYTES - LOCK_SUFFIX.length ? name : `mayfly${suffix}`)
}

/**
 * A file that comes over time, beside where it will be: `film.mp4.3f5a….part`. What has come stays when this process is killed, and is read
 * again by the next, which therefore needs no notes about it: the file gets its name only when the SHA-256 of all of it is right.
 */

import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { encodeKeyHex, equalBytes } from '../keys/index.ts'
import type { AbortOptions, Key } from '../types.ts'
import { explainSystemError } from './system-error.ts'

export interface PartialFile {
  /** How much is there, in bytes. */
  readonly size: number
  append(bytes: Uint8Array): Promise<void>
  /** Forgets what is there. */
  restart(): Promise<void>
  /** True when what is there is the whole, and right. To be asked once. */
  isRight(): boolean
  /** Puts it where it belongs. */
  finish(): Promise<void>
  /** Leaves what is there for another time; nothing, if there is nothing. */
  close(): Promise<void>
}

/** In bytes of UTF-8. */
const MAX_NAME_BYTES = 255
/** Enough to tell the contents apart that somebody might want to have under one name. */
const SHOWN_DIGITS = 16

/**
 * Opens what an earlier attempt has left, or begins.
 *
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function openPartialFile(target: string, key: Key, { signal }: AbortOptions = {}): Promise<PartialFile> {
  const path = partialPathOf(target, key)
  const inWords = (error: unknown) => {
    signal?.throwIfAborted()
    throw explainSystemError(`Cannot write ${target}`, error)
  }
  const mode = (await stat(target).catch(() => undefined))?.mode ?? 0o666
  // A link that somebody else put there is not followed.
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW
  const file: FileHandle = await open(path, flags, mode & 0o777).catch(inWords)
  let whole = createHash('sha256')
  let size = 0
  try {
    // Not handed the signal: a stream that does not close its file would fail, with nobody to hear it, when that is aborted later.
    const left = file.createReadStream({ start: 0, autoClose: false })
    for await (const bytes of left) {
      signal?.throwIfAborted()
      whole.update(bytes)
      size += bytes.byteLength
    }
  } catch (error) {
    await file.close()
    inWords(error)
  }

  return {
    get size() {
      return size
    },
    async append(bytes) {
      for (let at = 0; at < bytes.byteLength; ) {
        const { bytesWritten } = await file.write(bytes, at, bytes.byteLength - at, size + at).catch(inWords)
        at += bytesWritten
      }
      whole.update(bytes)
      size += bytes.byteLength
    },
    async restart() {
      await file.truncate(0).catch(inWords)
      whole = createHash('sha256')
      size = 0
    },
    isRight: () => equalBytes(whole.digest(), key),
    async finish() {
      try {
        await file.datasync()
        await file.close()
        await rename(path, target)
      } catch (error) {
        inWords(error)
      }
    },
    async close() {
      await file.close()
      if (size === 0) await rm(path, { force: true })
    },
  }
}

export function partialPathOf(target: string, key: Key): string {
  const suffix = `.${encodeKeyHex(key).slice(0, SHOWN_DIGITS)}.part`
  const name = basename(target) + suffix
  return join(dirname(target), Buffer.byteLength(name) <= MAX_NAME_BYTES ? name : `mayfly${suffix}`)
}

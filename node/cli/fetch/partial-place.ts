/**
 * Where a file comes over time, beside where it will be: `film.mp4.3f5a….part`. What has come stays when this process is killed. Whether it
 * is right is left to `partial-file.ts` and `sealed-partial-file.ts`.
 */

import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { encodeKeyHex } from '../../keys/index.ts'
import { explainSystemError } from '../../server/store/system-error.ts'
import type { AbortOptions, Key } from '../../types.ts'

export interface PartialPlace {
  /** How much is there, in bytes. */
  readonly size: number
  /** What is there, from its beginning. To be read to the end before anything is appended. */
  read(): AsyncIterable<Uint8Array>
  /** A part of what is there. */
  readAt(offset: number, length: number): Promise<Uint8Array>
  append(bytes: Uint8Array): Promise<void>
  /** Forgets all but so many bytes. */
  truncate(size: number): Promise<void>
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
export async function openPartialPlace(target: string, key: Key, { signal }: AbortOptions = {}): Promise<PartialPlace> {
  const path = partialPathOf(target, key)
  const inWords = (error: unknown): never => {
    signal?.throwIfAborted()
    throw explainSystemError(`Cannot write ${target}`, error)
  }
  const mode = (await stat(target).catch(() => undefined))?.mode ?? 0o666
  // A link that somebody else put there is not followed.
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW
  const file: FileHandle = await open(path, flags, mode & 0o777).catch(inWords)
  let { size } = await file.stat().catch(inWords)

  return {
    get size() {
      return size
    },
    async *read() {
      try {
        // Not handed the signal: a stream that does not close its file would fail, with nobody to hear it, when that is aborted later.
        for await (const bytes of file.createReadStream({ start: 0, autoClose: false })) {
          signal?.throwIfAborted()
          yield bytes
        }
      } catch (error) {
        inWords(error)
      }
    },
    async readAt(offset, length) {
      signal?.throwIfAborted()
      const bytes = new Uint8Array(length)
      const { bytesRead } = await file.read(bytes, 0, length, offset).catch(inWords)
      return bytes.subarray(0, bytesRead)
    },
    async append(bytes) {
      for (let at = 0; at < bytes.byteLength; ) {
        const { bytesWritten } = await file.write(bytes, at, bytes.byteLength - at, size + at).catch(inWords)
        at += bytesWritten
      }
      size += bytes.byteLength
    },
    async truncate(rest) {
      await file.truncate(rest).catch(inWords)
      size = rest
    },
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

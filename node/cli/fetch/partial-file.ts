/**
 * A file that comes over time. What an earlier attempt has left is read again, and needs no notes about it: the file gets its name only when
 * the SHA-256 of all of it is right. Where it is until then is `partial-place.ts`.
 */

import { createHash } from 'node:crypto'
import { equalBytes } from '../../keys/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import { openPartialPlace } from './partial-place.ts'

export interface PartialFile {
  /** How much of the content has come, in bytes. */
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

/**
 * Opens what an earlier attempt has left, or begins.
 *
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function openPartialFile(target: string, key: Key, options: AbortOptions = {}): Promise<PartialFile> {
  const place = await openPartialPlace(target, key, options)
  let whole = createHash('sha256')
  try {
    for await (const bytes of place.read()) whole.update(bytes)
  } catch (error) {
    await place.close()
    throw error
  }
  return {
    get size() {
      return place.size
    },
    async append(bytes) {
      await place.append(bytes)
      whole.update(bytes)
    },
    async restart() {
      await place.truncate(0)
      whole = createHash('sha256')
    },
    isRight: () => equalBytes(whole.digest(), key),
    finish: () => place.finish(),
    close: () => place.close(),
  }
}

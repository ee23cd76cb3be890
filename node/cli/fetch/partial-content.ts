/**
 * Content in a part file, with the SHA-256 of what has arrived. The bytes of an earlier attempt are hashed again, so no notes about it are
 * needed: the file gets its name only when the SHA-256 of the whole is right.
 */

import { createHash } from 'node:crypto'
import { equalBytes } from '../../keys/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import { openPartFile } from './part-file.ts'

export interface PartialContent {
  /** Bytes of the content that have arrived. */
  readonly size: number
  append(bytes: Uint8Array): Promise<void>
  /** Drops all bytes. */
  restart(): Promise<void>
  /** True when the SHA-256 of the bytes is the key. To be called once. */
  isRight(): boolean
  /** Renames the file to its target. */
  finish(): Promise<void>
  /** Leaves the bytes for a later attempt, or removes an empty file. */
  close(): Promise<void>
}

/**
 * Goes on with the part file of an earlier attempt, or begins.
 *
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function openPartialContent(target: string, key: Key, options: AbortOptions = {}): Promise<PartialContent> {
  const partFile = await openPartFile(target, key, options)
  let whole = createHash('sha256')
  try {
    for await (const bytes of partFile.read()) whole.update(bytes)
  } catch (error) {
    await partFile.close()
    throw error
  }
  return {
    get size() {
      return partFile.size
    },
    async append(bytes) {
      await partFile.append(bytes)
      whole.update(bytes)
    },
    async restart() {
      await partFile.truncate(0)
      whole = createHash('sha256')
    },
    isRight: () => equalBytes(whole.digest(), key),
    finish: () => partFile.finish(),
    close: () => partFile.close(),
  }
}

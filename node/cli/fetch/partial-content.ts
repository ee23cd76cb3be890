/**
 * Content in a part file, with the SHA-256 of what has arrived. The bytes of an earlier attempt are hashed again, so no notes about it are
 * needed: the file gets its name only when the SHA-256 of the whole is right.
 */

import { createHash } from 'node:crypto'
import { equalBytes } from '../../keys/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import { openPartFile } from './part-file.ts'

export type PartialContent = Awaited<ReturnType<typeof openPartialContent>>

/**
 * Goes on with the part file of an earlier attempt, or begins.
 *
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function openPartialContent(target: string, key: Key, options: AbortOptions = {}) {
  const partFile = await openPartFile(target, key, options)
  let whole = createHash('sha256')
  try {
    for await (const bytes of partFile.read()) whole.update(bytes)
  } catch (error) {
    await partFile.close()
    throw error
  }
  return {
    /** Bytes of the content that have arrived. */
    get size() {
      return partFile.size
    },
    async append(bytes: Uint8Array): Promise<void> {
      await partFile.append(bytes)
      whole.update(bytes)
    },
    /** Drops all bytes. */
    async restart(): Promise<void> {
      await partFile.truncate(0)
      whole = createHash('sha256')
    },
    /** True when the SHA-256 of the bytes is the key. To be called once. */
    isRight: () => equalBytes(whole.digest(), key),
    finish: partFile.finish,
    close: partFile.close,
  }
}

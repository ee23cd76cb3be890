/**
 * A file of private content that comes over time: cipher text comes, and plain text is written, each record once it was checked. What an
 * earlier attempt has left is sealed again to be checked: so the SHA-256 of the cipher text says of all of it whether it is right.
 */

import { createHash } from 'node:crypto'
import type { ContentSource, UnsealedContent } from '../../index.ts'
import { equalBytes } from '../../keys/index.ts'
import { openFileSource } from '../../server/store/file-source.ts'
import type { AbortOptions, Key } from '../../types.ts'
import type { PartialFile } from './partial-file.ts'
import { openPartialPlace } from './partial-place.ts'

/** So much is sealed again at once, in bytes. */
const STEP_BYTES = 1_048_576

/**
 * The same as `openPartialFile`; sizes are those of the cipher text.
 *
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function openSealedPartialFile(
  target: string,
  key: Key,
  unsealed: UnsealedContent,
  options: AbortOptions = {},
): Promise<PartialFile> {
  const place = await openPartialPlace(target, key, options)
  let whole = createHash('sha256')
  let size = 0
  let unsealer = unsealed.unsealer()
  try {
    if (place.size > unsealed.size) await place.truncate(0)
    const { nextSlot, plainBytes, sealedBytes } = unsealed.resumeAt(place.size)
    await place.truncate(plainBytes)
    const sealed = unsealed.reseal({ size: unsealed.size, read: (offset, length) => place.readAt(offset, length) })
    await hashInto(whole, sealed, sealedBytes)
    size = sealedBytes
    unsealer = unsealed.unsealer(nextSlot)
  } catch (error) {
    await place.close()
    throw error
  }
  return {
    get size() {
      return size
    },
    async append(bytes) {
      whole.update(bytes)
      await place.append(await unsealer.push(bytes))
      size += bytes.byteLength
    },
    async restart() {
      await place.truncate(0)
      whole = createHash('sha256')
      unsealer = unsealed.unsealer()
      size = 0
    },
    isRight: () => equalBytes(whole.digest(), key),
    finish: () => place.finish(),
    close: () => place.close(),
  }
}

/** True when what is in the file is the plain text of the private content with that key. */
export async function isPlainTextOf(path: string, key: Key, unsealed: UnsealedContent): Promise<boolean> {
  const plain = await openFileSource(path)
  try {
    if (plain.size !== unsealed.size) return false
    const sealed = unsealed.reseal(plain)
    const whole = createHash('sha256')
    await hashInto(whole, sealed, sealed.size)
    return equalBytes(whole.digest(), key)
  } finally {
    await plain.close()
  }
}

async function hashInto(whole: ReturnType<typeof createHash>, source: ContentSource, bytes: number): Promise<void> {
  for (let at = 0; at < bytes; at += STEP_BYTES) whole.update(await source.read(at, Math.min(STEP_BYTES, bytes - at)))
}

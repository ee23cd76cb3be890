/**
 * Private content in a part file: cipher text arrives, and plain text is written, each record after its check. The plain text of an earlier
 * attempt is sealed again, so that the SHA-256 of the cipher text proves all of it.
 */

import { createHash } from 'node:crypto'
import type { AbortOptions, ContentSource, Key, UnsealedContent } from '../../index.ts'
import { equalBytes } from '../../keys/index.ts'
import { openFileSource } from '../../server/store/file-source.ts'
import { openPartFile } from './part-file.ts'
import type { PartialContent } from './partial-content.ts'

/** Sealed again at a time, in bytes. */
const STEP_BYTES = 1_048_576

/**
 * Like `openPartialContent`; sizes are those of the cipher text.
 *
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function openSealedPartialContent(
  target: string,
  key: Key,
  unsealed: UnsealedContent,
  options: AbortOptions = {},
): Promise<PartialContent> {
  const partFile = await openPartFile(target, key, options)
  let whole = createHash('sha256')
  let size = 0
  let unsealer = unsealed.unsealer()
  try {
    if (partFile.size > unsealed.size) await partFile.truncate(0)
    const { nextSlot, plainBytes, sealedBytes } = unsealed.resumeAt(partFile.size)
    await partFile.truncate(plainBytes)
    const sealed = unsealed.reseal({ size: unsealed.size, read: (offset, length) => partFile.readAt(offset, length) })
    await hashInto(whole, sealed, sealedBytes)
    size = sealedBytes
    unsealer = unsealed.unsealer(nextSlot)
  } catch (error) {
    await partFile.close()
    throw error
  }
  return {
    get size() {
      return size
    },
    async append(bytes) {
      whole.update(bytes)
      await partFile.append(await unsealer.push(bytes))
      size += bytes.byteLength
    },
    async restart() {
      await partFile.truncate(0)
      whole = createHash('sha256')
      unsealer = unsealed.unsealer()
      size = 0
    },
    isRight: () => equalBytes(whole.digest(), key),
    finish: partFile.finish,
    close: partFile.close,
  }
}

/** True when the file is the plain text of the private content with that key. */
export async function isPlainTextOf(path: string, key: Key, unsealed: UnsealedContent): Promise<boolean> {
  const plain = await openFileSource(path)
  if (plain.size !== unsealed.size) return false
  const sealed = unsealed.reseal(plain)
  const whole = createHash('sha256')
  await hashInto(whole, sealed, sealed.size)
  return equalBytes(whole.digest(), key)
}

async function hashInto(whole: ReturnType<typeof createHash>, source: ContentSource, bytes: number): Promise<void> {
  for (let at = 0; at < bytes; at += STEP_BYTES) whole.update(await source.read(at, Math.min(STEP_BYTES, bytes - at)))
}

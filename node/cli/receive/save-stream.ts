/** Writes a file from bytes that come in order: whole, or not at all. */

import { createWriteStream } from 'node:fs'
import { lstat, rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { type AbortOptions, safePath } from '../../index.ts'
import { syncPath } from '../../server/store/owner-file.ts'
import { explainSystemError } from '../../server/store/system-error.ts'
import { makeTargetPath } from '../fetch/bundle-directory.ts'

interface SaveStreamOptions extends AbortOptions {
  onProgress?(bytes: number): void
}

const SUFFIX = '.part'

/**
 * A file that is there keeps its bytes: the new one gets a number.
 *
 * @param path as a stranger may have chosen it
 * @returns where it is
 * @throws {MayflyError} ERR_BAD_PATH, and what reading the bytes throws
 * @throws the system's error, in words
 */
export async function saveStream(
  directory: string,
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  { signal, onProgress }: SaveStreamOptions = {},
): Promise<string> {
  const target = await freeTarget(directory, path)
  const part = target + SUFFIX
  let done = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      yield chunk
      done += chunk.byteLength
      onProgress?.(done)
    }
  }
  try {
    await pipeline(counted, createWriteStream(part, { flags: 'wx' }), signal === undefined ? {} : { signal })
    syncPath(part)
    await rename(part, target)
    return target
  } catch (error) {
    await rm(part, { force: true })
    signal?.throwIfAborted()
    throw explainSystemError(`Cannot write ${target}`, error)
  }
}

async function freeTarget(directory: string, path: string): Promise<string> {
  const tried = new Set<string>()
  while (true) {
    const candidate = safePath(path, tried).path
    const target = await makeTargetPath(directory, candidate).catch(() => undefined)
    const isFree = async (file: string) => (await lstat(file).catch(() => undefined)) === undefined
    if (target === undefined) return makeTargetPath(directory, candidate) // something else is in the way: says what
    if ((await isFree(target)) && (await isFree(target + SUFFIX))) return target
  }
}

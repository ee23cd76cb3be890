/** All files of a bundle, into a directory, some at once. What an earlier attempt has brought is not fetched again. */

import { basename } from 'node:path'
import type { OpenedContent } from '../../index.ts'
import { type BundleEntry, encodeKeyHex, type LinkKey, MayflyError, sealedBytes } from '../../index.ts'
import type { AbortOptions } from '../../types.ts'
import type { Output } from '../print/output.ts'
import type { Progress } from '../print/progress.ts'
import { hasSize, isThere, makePlace } from './bundle-directory.ts'
import { download } from './download.ts'
import type { Entrance } from './entrance.ts'
import { isPlainTextOf } from './sealed-partial-file.ts'
import { unseal } from './unsealed.ts'

export interface GetBundleOptions extends Required<AbortOptions> {
  entrance: Entrance
  output: Output
  /** Of a private link: it opens each file. */
  linkKey: LinkKey | undefined
}

interface Getting extends Required<AbortOptions> {
  entrance: Entrance
  linkKey: LinkKey | undefined
  progress: Progress
}

/** Many small files would wait for one answer after the other. */
const FILES_AT_ONCE = 4

/** @throws {MayflyError} ERR_NO_HOLDER, ERR_UNAVAILABLE, ERR_BAD_PATH */
export async function toDirectory(
  { key }: OpenedContent,
  entries: BundleEntry[],
  directory: string,
  { entrance, output, linkKey, signal }: GetBundleOptions,
): Promise<void> {
  const size = entries.reduce((sum, entry) => sum + entry.size, 0)
  const bytesToCome = (entry: BundleEntry) => (linkKey === undefined ? entry.size : sealedBytes(entry.size))
  const progress = output.progress(
    basename(directory),
    entries.reduce((sum, entry) => sum + bytesToCome(entry), 0),
  )
  const failed = new AbortController()
  const getting: Getting = { entrance, progress, linkKey, signal: AbortSignal.any([signal, failed.signal]) }
  const left = [...entries]
  /** Keys of what comes now, hex: the same content under two names comes once after the other, since both may have one partial file. */
  const coming = new Set<string>()

  async function getNext(): Promise<void> {
    while (true) {
      const next = left.findIndex((entry) => !coming.has(encodeKeyHex(entry.key)))
      const [entry] = next === -1 ? [] : left.splice(next, 1)
      if (entry === undefined) return
      const id = encodeKeyHex(entry.key)
      coming.add(id)
      await getEntry(entry, directory, getting)
      coming.delete(id)
    }
  }

  const runs = Array.from({ length: FILES_AT_ONCE }, getNext)
  try {
    await Promise.all(runs)
  } catch (error) {
    failed.abort(error)
    throw error
  } finally {
    await Promise.allSettled(runs)
    progress.end()
  }
  output.result(`${directory}: ${entries.length} files, ${size} bytes`, {
    hash: encodeKeyHex(key),
    size,
    files: entries.length,
    directory,
  })
}

async function getEntry(entry: BundleEntry, directory: string, getting: Getting): Promise<void> {
  const { linkKey, signal, progress } = getting
  signal.throwIfAborted()
  const file = await makePlace(directory, entry.path)
  if (linkKey === undefined && (await isThere(file, entry, { signal }))) {
    progress.advance(entry.size)
    return
  }
  await getFile(entry, file, getting).catch((error: unknown) => {
    if (!(error instanceof MayflyError)) throw error
    throw new MayflyError(error.code, `Cannot get ${JSON.stringify(entry.path)} of the bundle: ${error.message}`, { cause: error })
  })
}

async function getFile({ key, outline, size }: BundleEntry, file: string, { entrance, linkKey, signal, progress }: Getting): Promise<void> {
  const content = await entrance.open(key, { ...(outline && { outline }), signal })
  const unsealed = await unseal(content, { entrance, linkKey, signal })
  if (unsealed && (await hasSize(file, size)) && (await isPlainTextOf(file, key, unsealed))) return progress.advance(content.size)
  await download(content, file, {
    reopen: (told = outline) => entrance.open(key, { ...(told && { outline: told }), signal }),
    onProgress(doneBytes) {
      progress.advance(doneBytes)
      return { advance: progress.advance, end: () => {} }
    },
    signal,
    unsealed,
  })
}

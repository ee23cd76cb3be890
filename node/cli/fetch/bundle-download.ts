/** Downloads all files of a bundle into a directory, a few at once. Files that an earlier attempt completed are not fetched again. */

import { basename } from 'node:path'
import { createBackoff } from '../../async/backoff.ts'
import { delay } from '../../async/delay.ts'
import { fewAtOnce } from '../../async/few-at-once.ts'
import {
  type AbortOptions,
  type BundleEntry,
  encodeKeyHex,
  type Key,
  type LinkKey,
  MayflyError,
  type OpenedContent,
  type OpenOptions,
  sealedBytes,
} from '../../index.ts'
import type { Output } from '../print/output.ts'
import type { ProgressBar } from '../print/progress-bar.ts'
import { hasContent, hasSize, makeTargetPath } from './bundle-directory.ts'
import { download } from './download.ts'
import type { NetworkClient } from './network-client.ts'
import { isPlainTextOf } from './sealed-partial-content.ts'
import { unseal } from './whole-content.ts'

interface BundleDownloadOptions extends Required<AbortOptions> {
  client: NetworkClient
  /** The key of a private link, which opens each file. */
  linkKey: LinkKey | undefined
}

interface BundleDownload extends BundleDownloadOptions {
  /** The bundle's key. */
  bundle: Key
  progress: ProgressBar
}

/** Waits for a gateway that limits the searches of one address, as for the files of a large bundle; about a minute in all. */
const LIMITED = { firstMs: 250, maxMs: 10_000 } as const
const MAX_LIMITED = 10

/** One at a time, many small files would wait for one answer after the other. */
const FILES_AT_ONCE = 4

/** @throws {MayflyError} ERR_NO_HOLDER, ERR_UNAVAILABLE, ERR_BAD_PATH */
export async function downloadBundle(
  { key }: OpenedContent,
  entries: BundleEntry[],
  directory: string,
  { client, output, linkKey, signal }: BundleDownloadOptions & { output: Output },
): Promise<void> {
  const size = entries.reduce((sum, entry) => sum + entry.size, 0)
  const bytesToFetch = (entry: BundleEntry) => (linkKey === undefined ? entry.size : sealedBytes(entry.size))
  const progress = output.progressBar(
    basename(directory),
    entries.reduce((sum, entry) => sum + bytesToFetch(entry), 0),
  )
  // The same content under two names is fetched one after the other, since both may share one part file.
  const keyOf = (entry: BundleEntry) => encodeKeyHex(entry.key)
  const getNext = (entry: BundleEntry, either: AbortSignal) =>
    getEntry(entry, directory, { bundle: key, client, progress, linkKey, signal: either })
  await fewAtOnce(entries, FILES_AT_ONCE, getNext, { signal, keyOf }).finally(progress.end)
  output.result(`${directory}: ${entries.length} files, ${size} bytes`, {
    hash: encodeKeyHex(key),
    size,
    files: entries.length,
    directory,
  })
}

async function getEntry(entry: BundleEntry, directory: string, shared: BundleDownload): Promise<void> {
  const { linkKey, signal, progress } = shared
  const file = await makeTargetPath(directory, entry.path)
  if (linkKey === undefined && (await hasContent(file, entry, { signal }))) {
    progress.advance(entry.size)
    return
  }
  await getFile(entry, file, shared).catch((error: unknown) => {
    if (!(error instanceof MayflyError)) throw error
    throw new MayflyError(error.code, `Cannot get ${JSON.stringify(entry.path)} of the bundle: ${error.message}`, { cause: error })
  })
}

async function getFile(
  { key, outline, size }: BundleEntry,
  file: string,
  { bundle, client, linkKey, signal, progress }: BundleDownload,
): Promise<void> {
  const content = await openInTurn(client, key, { bundle, ...(outline && { outline }), signal })
  const unsealed = await unseal(content, { client, linkKey, signal })
  if (unsealed && (await hasSize(file, size)) && (await isPlainTextOf(file, key, unsealed))) return progress.advance(content.size)
  await download(content, file, {
    reopen: (told = outline) => client.open(key, { bundle, ...(told && { outline: told }), signal }),
    onProgress(doneBytes) {
      progress.advance(doneBytes)
      return { advance: progress.advance, end: () => {} }
    },
    signal,
    unsealed,
  })
}

/** @throws {MayflyError} ERR_LIMIT when the limit does not pass; as `NetworkClient.open` */
async function openInTurn(client: NetworkClient, key: Key, options: OpenOptions & Required<AbortOptions>): Promise<OpenedContent> {
  const backoff = createBackoff(LIMITED, Math.random)
  for (let times = 0; ; times++) {
    try {
      return await client.open(key, options)
    } catch (error) {
      if (!(error instanceof MayflyError) || error.code !== 'ERR_LIMIT' || times === MAX_LIMITED) throw error
    }
    await delay(backoff.next(), options)
  }
}

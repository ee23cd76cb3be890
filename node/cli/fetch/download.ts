/** Downloads content of any size into a file. The file gets its name once it is complete and right, and no byte is fetched twice. */

import { createWriteStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { MayflyError } from '../../errors.ts'
import type { AbortOptions, Key, OpenedContent, UnsealedContent } from '../../index.ts'
import { equalBytes } from '../../keys/index.ts'
import { explainSystemError } from '../../server/store/system-error.ts'
import type { ProgressBar } from '../print/progress-bar.ts'
import { openPartialContent, type PartialContent } from './partial-content.ts'
import { readWhole, wrongWhole } from './whole-content.ts'

interface DownloadOptions extends Required<AbortOptions> {
  /** Opens the same content again, by that outline, or else by the outline that a holder sends. */
  reopen(outline?: Key): Promise<OpenedContent>
  /** Starts the progress bar, with the bytes that are there already. */
  onProgress(doneBytes: number): ProgressBar
  /** Private content: its plain text is written. */
  unsealed?: UnsealedContent | undefined
}

/** False outlines before the download fails. Each costs the bytes that were fetched by it. */
const MAX_LIES = 3

/**
 * Replaces the file as a whole; a link stays a link. A target that is no regular file (a pipe, a terminal) is written to directly.
 *
 * @throws {MayflyError} ERR_UNAVAILABLE
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function download(content: OpenedContent, path: string, options: DownloadOptions): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const existing = await stat(target).catch(() => undefined)
  if (existing !== undefined && !existing.isFile()) return writeTo(content, target, options)
  const partial = await openPartial(content, target, options)
  try {
    if (partial.size > content.size) await partial.restart()
    await completeRight(content, partial, options)
    await partial.finish()
  } finally {
    await partial.close()
  }
}

async function openPartial({ key }: OpenedContent, target: string, options: DownloadOptions): Promise<PartialContent> {
  if (options.unsealed === undefined) return openPartialContent(target, key, options)
  const { openSealedPartialContent } = await import('./sealed-partial-content.ts')
  return openSealedPartialContent(target, key, options.unsealed, options)
}

/** Starts again while the cause of a failure can be removed: wrong bytes of an earlier attempt, or a false outline. */
async function completeRight(first: OpenedContent, partial: PartialContent, options: DownloadOptions): Promise<void> {
  let content = first
  for (let lies = 0; ; ) {
    const wasResumed = partial.size > 0
    const failure = await tryToComplete(content, partial, options)
    if (failure === undefined) return
    options.signal.throwIfAborted()
    const isWhole = partial.size === content.size
    if (isWhole) await partial.restart()
    if (isWhole && wasResumed) continue
    const other = lies++ < MAX_LIES ? await openByOther(content, failure, options) : undefined
    if (other === undefined) throw failure
    await partial.restart()
    content = other
  }
}

/** Resolves with the failure; undefined when the content is complete and right. */
async function tryToComplete(content: OpenedContent, partial: PartialContent, options: DownloadOptions): Promise<unknown> {
  try {
    await complete(content, partial, options)
  } catch (error) {
    return error
  }
  return partial.isRight() ? undefined : wrongWhole()
}

/** Opens the content by another outline when the one so far may have been false: its sender is asked last from then on. */
async function openByOther(content: OpenedContent, failure: unknown, { reopen }: DownloadOptions): Promise<OpenedContent | undefined> {
  const isMaybeLie = failure instanceof MayflyError && failure.code === 'ERR_UNAVAILABLE' && !content.isTrusted
  if (!isMaybeLie || content.outline === undefined) return undefined
  const other = await reopen().catch(() => undefined)
  return other?.outline !== undefined && !equalBytes(other.outline, content.outline) ? other : undefined
}

/** Fetches what is missing. */
async function complete(
  content: OpenedContent,
  partial: PartialContent,
  { reopen, onProgress, signal, unsealed }: DownloadOptions,
): Promise<void> {
  const offset = partial.size
  // A part can be read by an unproved outline, since the whole is checked before the file gets its name.
  const isWordEnough = content.isTrusted || offset === 0 || content.outline === undefined
  const readable = isWordEnough ? content : await reopen(content.outline as Key)
  const progress = onProgress(offset)
  try {
    const options = { signal, checksWhole: true, keepsNothing: unsealed === undefined }
    for await (const bytes of readable.read({ offset, length: content.size - offset }, options)) {
      await partial.append(bytes)
      progress.advance(bytes.byteLength)
    }
  } finally {
    progress.end()
  }
}

async function writeTo(content: OpenedContent, target: string, { signal, onProgress, unsealed }: DownloadOptions): Promise<void> {
  const progress = onProgress(0)
  async function* counted() {
    for await (const bytes of readWhole(content, unsealed, { signal })) {
      yield bytes
      progress.advance(bytes.byteLength)
    }
  }
  try {
    await pipeline(counted, createWriteStream(target), { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw explainSystemError(`Cannot write ${target}`, error)
  } finally {
    progress.end()
  }
}

/** The inputs of `hold` and `share`: files, folders and streams. All are opened and checked before anything is done with them. */

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { type AbortOptions, type ContentSource, MayflyError, type PeerLimits } from '../../index.ts'
import { type FileSource, openFileSource, withFile } from '../../server/store/file-source.ts'
import { explainSystemError } from '../../server/store/system-error.ts'
import { type FolderListing, type FolderRules, listFolder } from './folder.ts'
import { keepInputStream } from './input-stream.ts'

export interface InputFile {
  /** The name that the user knows. */
  name: string
  /** Path in the bundle; empty outside of one. */
  path: string
  source: ContentSource | FileSource
}

/** Memory for what one command holds: the outlines of files, and what each takes by itself. */
export const MAX_HELD_BYTES = 268_435_456

export interface HoldInput {
  /** The path that the user gave. */
  name: string
  /** One for a file or a stream, any number for a folder. */
  files: InputFile[]
  /** How the folder was taken; undefined for a file or a stream. */
  folder?: FolderListing
  /** Each file is announced by itself, too. Else the files are found through the folder's bundle only. */
  hasOwnLinks: boolean
}

interface HoldInputOptions extends AbortOptions {
  stdin: Readable
  limits: Pick<PeerLimits, 'maxContentBytes'>
  rules: FolderRules
}

/**
 * Opens all of them, or none. A path `-` is standard input.
 *
 * @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT, ERR_BAD_PATH
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function openInputs(paths: string[], options: HoldInputOptions): Promise<HoldInput[]> {
  const inputs: HoldInput[] = []
  try {
    for (const path of paths) {
      const input: HoldInput = { name: path, files: [], hasOwnLinks: true }
      inputs.push(input)
      await openInto(input, path, options)
    }
    return inputs
  } catch (error) {
    await closeInputs(inputs)
    throw error
  }
}

/**
 * Announces the files of folders by themselves, too, folder by folder, while there are leases.
 *
 * @throws {MayflyError} ERR_LIMIT: there is not one for each path
 */
export function giveLeases(inputs: readonly HoldInput[], maxLeases: number): void {
  let free = maxLeases - inputs.length
  if (free < 0) throw new MayflyError('ERR_LIMIT', `Cannot hold ${inputs.length} paths: the limit of one holder is ${maxLeases}`)
  for (const input of inputs) {
    if (input.folder === undefined) continue
    input.hasOwnLinks = input.files.length <= free
    if (input.hasOwnLinks) free -= input.files.length
  }
}

export async function closeInputs(inputs: HoldInput[]): Promise<void> {
  await Promise.all(inputs.flatMap(({ files }) => files.map(({ source }) => source.close?.())))
}

async function openInto(input: HoldInput, path: string, options: HoldInputOptions): Promise<void> {
  const { stdin, rules, signal } = options
  const abort = signal === undefined ? {} : { signal }
  if (path === '-') {
    input.files.push({ name: 'standard input', path: '', source: await keepInputStream(stdin, 'standard input', abort) })
    return
  }
  const found = await stat(path).catch((error: unknown) => {
    throw explainSystemError(`Cannot read ${path}`, error)
  })
  if (found.isDirectory()) {
    input.folder = await listFolder(path, rules, abort)
    for (const { path: inside, file } of input.folder.files) {
      input.files.push({ name: file, path: inside, source: await openFile(file, options) })
    }
  } else if (found.isFile()) {
    input.files.push({ name: path, path: '', source: await openFile(path, options) })
  } else {
    input.files.push({ name: path, path: '', source: await keepInputStream(createReadStream(path), path, abort) })
  }
}

/** A file that has another size than it says, as those of `/proc` (0 bytes) and `/sys` (4,096) have, is read to its end like a stream. */
async function openFile(path: string, { limits, rules, signal }: HoldInputOptions): Promise<ContentSource | FileSource> {
  const source = await openFileSource(path)
  if (!(await hasOwnSize(path, source.size))) return keepInputStream(createReadStream(path), path, signal === undefined ? {} : { signal })
  if (source.size <= limits.maxContentBytes) return source
  throw new MayflyError(
    'ERR_TOO_LARGE',
    `Cannot ${rules.task} ${path}: ${source.size} bytes is over the limit of ${limits.maxContentBytes}`,
  )
}

/** False for a file that says it is empty and is not, or that ends before its size. */
async function hasOwnSize(path: string, size: number): Promise<boolean> {
  const { bytesRead } = await withFile(path, (file) => file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1)))
  return bytesRead === Math.min(size, 1)
}

/** The target of a download into a folder: a file there under the content's own name, which a stranger may have chosen. */

import { lstat, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MayflyError } from '../../errors.ts'
import type { AbortOptions, OpenedContent, UnsealedContent } from '../../index.ts'
import { harmlessName } from '../../keys/index.ts'
import { makeDirectories } from '../../server/store/directories.ts'
import { explainSystemError } from '../../server/store/system-error.ts'

/** A hidden file may be a program's settings, and a name with a dash in front looks like a flag. */
const STEALTHY = /^[.-]/

interface OwnNameOptions extends Required<AbortOptions> {
  /** The names that the content may have, best first. */
  names: (string | undefined)[]
  unsealed: UnsealedContent | undefined
}

interface OwnFile {
  path: string
  /** It is there already, and is this content. */
  isThere: boolean
}

/** True for a path that ends with a slash, or at which there is a folder. */
export async function isFolderPath(path: string): Promise<boolean> {
  return path.endsWith('/') || (await stat(path).catch(() => undefined))?.isDirectory() === true
}

/**
 * Makes the folder where it is missing. No file there is ever replaced.
 *
 * @throws {MayflyError} ERR_BAD_PATH: something else has the name
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function ownFileIn(folder: string, content: OpenedContent, { names, unsealed, signal }: OwnNameOptions): Promise<OwnFile> {
  const name = names.map((each) => harmlessName(each ?? '').replace(STEALTHY, '_')).find((each) => each !== '') ?? 'file'
  const path = join(folder, name)
  await makeDirectories(folder).catch((error: unknown) => {
    throw explainSystemError(`Cannot write ${path}`, error)
  })
  const isFree = (await lstat(path).catch(() => undefined)) === undefined
  if (isFree) return { path, isThere: false }
  if (await isSame(path, content, unsealed, signal)) return { path, isThere: true }
  throw new MayflyError(
    'ERR_BAD_PATH',
    `Cannot write ${path}: another file of that name is there. Name the file: -o ${join(folder, 'NAME')}`,
  )
}

async function isSame(path: string, content: OpenedContent, unsealed: UnsealedContent | undefined, signal: AbortSignal): Promise<boolean> {
  const { hasContent, hasSize } = await import('./bundle-directory.ts')
  if (unsealed === undefined) return hasContent(path, content, { signal })
  const { isPlainTextOf } = await import('./sealed-partial-content.ts')
  return (await hasSize(path, unsealed.size)) && (await isPlainTextOf(path, content.key, unsealed))
}

/** The items that `share` offers: the files of the paths that it was given, read where they lie, and the words of `--text`. */

import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { MayflyError, refusePath, type ShareItem } from '../../index.ts'
import type { FileSource } from '../../server/store/file-source.ts'
import type { HoldInput, InputFile } from '../hold/hold-input.ts'

export interface SharedFile {
  /** Path on this machine. */
  file: string
  source: FileSource
}

/** The items in the order of the paths; a file that may be watched is in `files`, at the same place. */
export interface ShareContents {
  items: ShareItem[]
  files: (SharedFile | undefined)[]
}

const TEXT_NAME = 'text.txt'
/** The name of what comes through standard input. */
const INPUT_NAME = 'input'

/**
 * A folder's files are below its name; those of the working folder are, too.
 *
 * @throws {MayflyError} ERR_BAD_PATH: a name that a share cannot have
 */
export async function shareContents(inputs: readonly HoldInput[], text: string | undefined): Promise<ShareContents> {
  const contents: ShareContents = { items: [], files: [] }
  for (const input of inputs) {
    const folder = input.folder === undefined ? '' : nameOf(input.name)
    for (const file of input.files) {
      const path = input.folder === undefined ? nameOf(file.name) : folder === '' ? file.path : `${folder}/${file.path}`
      const refused = refusePath(path)
      if (refused !== undefined) throw new MayflyError('ERR_BAD_PATH', `Cannot share ${JSON.stringify(path)}: ${refused}`)
      const { item, shared } = await itemOf(file, path)
      contents.items.push(item)
      contents.files.push(shared)
    }
  }
  if (text !== undefined) {
    contents.items.push({ kind: 'text', path: TEXT_NAME, text })
    contents.files.push(undefined)
  }
  return contents
}

async function itemOf({ name, source }: InputFile, path: string): Promise<{ item: ShareItem; shared: SharedFile | undefined }> {
  if (!('onChange' in source)) return { item: { kind: 'file', path, source }, shared: undefined }
  const modifiedMs = (await stat(name).catch(() => undefined))?.mtimeMs
  const item: ShareItem = { kind: 'file', path, source, ...(modifiedMs !== undefined && { modifiedMs: Math.round(modifiedMs) }) }
  return { item, shared: { file: name, source } }
}

/** Empty for the root of the file system. */
function nameOf(path: string): string {
  return path === '-' || path === 'standard input' ? INPUT_NAME : basename(resolve(path))
}

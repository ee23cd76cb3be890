/** Files and folders that a person chose, pasted or dropped, with a distinct path for each file. Their bytes are not read here. */

export interface ChosenFile {
  /** A file name, or folders and a file name joined by '/'. */
  path: string
  file: File
}

export function filesOfList(files: Iterable<File>): ChosenFile[] {
  return Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file }))
}

/**
 * The dropped files. Call it during the `drop` event: afterwards the browser empties the list.
 *
 * @throws when a folder or a file in it cannot be read
 */
export async function filesOfDrop({ items, files }: DataTransfer): Promise<ChosenFile[]> {
  const given = Array.from(items, (item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null))
  const entries = given.filter((entry) => entry !== null)
  if (entries.length === 0) return filesOfList(files)
  const found: ChosenFile[] = []
  for (const entry of entries) for await (const chosen of filesUnder(entry)) found.push(chosen)
  return found
}

async function* filesUnder(entry: FileSystemEntry): AsyncGenerator<ChosenFile> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject))
    yield { path: entry.fullPath.replace(/^\//, '') || file.name, file }
  } else if (isFolder(entry)) {
    const reader = entry.createReader()
    for (;;) {
      const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
      if (entries.length === 0) return // each call reads a hundred
      for (const inner of entries) yield* filesUnder(inner)
    }
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory

/** The same files in the same order, with distinct paths: `a.txt`, then `a (2).txt`. */
export function withDistinctPaths(files: readonly ChosenFile[]): ChosenFile[] {
  const given = new Set(files.map(({ path }) => path))
  const taken = new Set<string>()
  return files.map(({ path, file }) => {
    let distinct = path
    for (let number = 2; taken.has(distinct) || (distinct !== path && given.has(distinct)); number++) distinct = numbered(path, number)
    taken.add(distinct)
    return { path: distinct, file }
  })
}

/**
 * The same files with the paths that they get in their bundle. When all are in one folder, its own name is left out, so that the bundle is the
 * one that `mayfly hold FOLDER` makes.
 */
export function withBundlePaths(files: readonly ChosenFile[]): ChosenFile[] {
  const folder = commonFolder(files)
  return withDistinctPaths(folder === undefined ? files : files.map(({ path, file }) => ({ path: path.slice(folder.length + 1), file })))
}

function numbered(path: string, number: number): string {
  const [, stem = path, extension = ''] = /^(.*[^/])(\.[^./]*)$/.exec(path) ?? []
  return `${stem} (${number})${extension}`
}

/** The folder that contains all files; undefined when there is none. */
export function commonFolder(files: readonly ChosenFile[]): string | undefined {
  const [first, ...others] = files.map(({ path }) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : undefined))
  return first !== undefined && others.every((folder) => folder === first) ? first : undefined
}

export function sizeOf(files: readonly ChosenFile[]): number {
  return files.reduce((sum, { file }) => sum + file.size, 0)
}

/**
 * The command's memory of a share that it receives, in `receiving/ID.jsonl` of the data directory: who it is for the sender, its link, the
 * code that led to it, and the files that are saved. So a second run is the same receiver, needs no second code, and saves nothing twice.
 */

import { createHash, randomBytes } from 'node:crypto'
import { appendFile, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectories } from '../../server/store/directories.ts'
import { explainSystemError } from '../../server/store/system-error.ts'

export type ReceiveRecord = Awaited<ReturnType<typeof openReceiveRecord>>

/** Shares that are remembered: the newest. */
const MAX_SHARES = 256
const FOLDER = 'receiving'
const SUFFIX = '.jsonl'
const RECEIVER_BYTES = 16
/** The id of a share, as it is in its link. */
const SHARE_ID = /^\/s\/([a-z2-7]{1,64})#/i

interface SavedFile {
  /** SHA-256 of the entry as it travelled. */
  saved: string
  file: string
  size: number
  modifiedMs: number
}

type RecordLine = { receiver: string } | { path: string } | { code: string } | { taken: true } | SavedFile

/**
 * @param path `/s/<id>#<secret>`
 * @throws the system's error, in words
 */
export async function openReceiveRecord(dataDirectory: string, path: string) {
  const directory = join(dataDirectory, FOLDER)
  const file = join(directory, `${(SHARE_ID.exec(path)?.[1] ?? 'unknown').toLowerCase()}${SUFFIX}`)
  const inWords = (error: unknown): never => {
    throw explainSystemError(`Cannot write ${file}`, error)
  }
  const lines = await readLines(file)
  const append = (line: RecordLine) => appendFile(file, `${JSON.stringify(line)}\n`, { mode: 0o600 }).catch(inWords)
  let receiver = lines.flatMap((line) => ('receiver' in line ? [line.receiver] : []))[0]
  if (receiver === undefined) {
    receiver = randomBytes(RECEIVER_BYTES).toString('hex')
    await makeDirectories(directory, 0o700).catch(inWords)
    await append({ receiver })
    await append({ path })
    await forgetOldest(directory)
  }
  /** By hash. Bounded: the entries of a share. */
  const saved = new Map(lines.flatMap((line) => ('saved' in line ? [[line.saved, line] as const] : [])))
  return {
    receiver: new Uint8Array(Buffer.from(receiver, 'hex')),
    /** An earlier run has begun to receive. */
    hasBegun: lines.some((line) => 'taken' in line),
    addTaken: () => append({ taken: true }),
    /** The file as which the entry was saved, while that is there and unchanged. */
    async savedAs(hash: string): Promise<string | undefined> {
      const known = saved.get(hash)
      const there = known && (await stat(known.file).catch(() => undefined))
      return there?.isFile() && there.size === known?.size && there.mtimeMs === known.modifiedMs ? known.file : undefined
    },
    async addSaved(hash: string, file: string): Promise<void> {
      const { size, mtimeMs } = await stat(file)
      const line: SavedFile = { saved: hash, file, size, modifiedMs: mtimeMs }
      saved.set(hash, line)
      await append(line)
    },
    /** The code has led to this share, and works no more. */
    addCode: (code: string) => append({ code: codeId(code) }),
  }
}

/** The path of the share to which this machine has claimed that code before. */
export async function pathOfClaimedCode(dataDirectory: string, code: string): Promise<string | undefined> {
  const directory = join(dataDirectory, FOLDER)
  const id = codeId(code)
  for (const name of await readdir(directory).catch(() => [])) {
    const lines = await readLines(join(directory, name))
    if (!lines.some((line) => 'code' in line && line.code === id)) continue
    return lines.flatMap((line) => ('path' in line ? [line.path] : []))[0]
  }
  return undefined
}

/** The same for each way to write the code. */
function codeId(code: string): string {
  const parts =
    code
      .normalize('NFKD')
      .toLowerCase()
      .match(/\p{L}+|\d+/gu) ?? []
  return createHash('sha256').update(parts.toSorted().join('-')).digest('hex')
}

/** Without the last one where a crash has cut it. */
async function readLines(file: string): Promise<RecordLine[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line)
      return typeof value === 'object' && value !== null ? [value as RecordLine] : []
    } catch {
      return []
    }
  })
}

async function forgetOldest(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(SUFFIX))
  if (names.length <= MAX_SHARES) return
  const files = await Promise.all(
    names.map(async (name) => ({
      path: join(directory, name),
      atMs: (await stat(join(directory, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  )
  files.sort((a, b) => b.atMs - a.atMs)
  for (const { path } of files.slice(MAX_SHARES)) await rm(path, { force: true })
}

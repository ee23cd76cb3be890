/**
 * Received files in IndexedDB, in pieces of bytes, for browsers without a private file system (WebKitGTK 2.50, Firefox's private windows), of
 * which some store no Blob. The pieces that are there are the record. They survive a reload, and are removed when the session has ended.
 */

import type { StoredFile } from '../content/raw-content.ts'
import { answerOf, type Database, openDatabase } from '../peer/database.ts'
import type { SessionDirectory } from '../peer/tab-session.ts'
import { type FileShape, PieceRecord, pieceCount } from './piece-record.ts'
import type { ReceivedFile, ReceivedFiles } from './received-files.ts'

const FILES_DATABASE = 'mayfly-files'
const STORES = ['files', 'pieces'] as const

/** Files by session and hash; pieces by session, hash and number. */
export function openFilesDatabase(): Promise<Database> {
  return openDatabase({
    name: FILES_DATABASE,
    version: 1,
    upgrade(created) {
      created.createObjectStore('files')
      created.createObjectStore('pieces')
    },
  })
}

export async function hasFilesDatabase(): Promise<boolean> {
  return (await indexedDB.databases()).some(({ name }) => name === FILES_DATABASE)
}

export class DatabaseFiles implements ReceivedFiles {
  readonly outlivesReload = true
  readonly #database: Database
  readonly #session: string

  constructor(database: Database, session: string) {
    this.#database = database
    this.#session = session
  }

  async open(hash: string, shape: FileShape): Promise<ReceivedFile> {
    const record = await this.#begin(hash, shape)
    const writeBack = async (index: number, bytes: Uint8Array) => {
      await this.#write([this.#session, hash, index], bytes)
      record.add(index)
      return bytes
    }
    return {
      record,
      get have() {
        return record.bits
      },
      write: async (index, bytes) => void (await writeBack(index, bytes)),
      writeBack,
      read: (index) => this.#read(hash, index),
      close: async () => {},
    }
  }

  async get(hash: string, size: number): Promise<StoredFile | undefined> {
    const shape = await this.#shapeOf(hash)
    return shape && new FileInPieces({ ...shape, size }, (index) => this.#read(hash, index))
  }

  async remove(hash: string): Promise<void> {
    await removeUnder(this.#database, [this.#session, hash])
  }

  /** The record of what is there of the file. A file of another shape is removed. */
  #begin(hash: string, shape: FileShape): Promise<PieceRecord> {
    const name = [this.#session, hash]
    return this.#database.change(STORES, async (files, pieces) => {
      const before: FileShape | undefined = await answerOf(files.get(name))
      if (before?.size !== shape.size || before.pieceBytes !== shape.pieceBytes) await answerOf(pieces.delete(under(name)))
      await answerOf(files.put({ size: shape.size, pieceBytes: shape.pieceBytes }, name))
      const record = new PieceRecord(shape)
      for (const key of await answerOf(pieces.getAllKeys(under(name)))) record.add((key as [string, string, number])[2])
      return record
    })
  }

  /** Each piece is read again, and compared with what was to be written: a browser may lose bytes without an error. */
  async #write(name: [string, string, number], bytes: Uint8Array): Promise<void> {
    try {
      await this.#database.change(['pieces'], (pieces) => answerOf(pieces.put(bytes, name)))
    } catch (cause) {
      const isFull = cause instanceof DOMException && cause.name === 'QuotaExceededError'
      if (!isFull) throw cause
      throw new DOMException('This device, or this kind of browser window, has no space left', 'QuotaExceededError')
    }
    const written = await this.#read(name[1], name[2])
    if (written.byteLength === bytes.byteLength && written.every((byte, at) => byte === bytes[at])) return
    await this.#database.change(['pieces'], (pieces) => answerOf(pieces.delete(name)))
    throw new Error('This browser has lost a piece that it had stored')
  }

  #read(hash: string, index: number): Promise<Uint8Array<ArrayBuffer>> {
    const name = [this.#session, hash, index]
    return this.#database.read(['pieces'], async (pieces) => (await answerOf(pieces.get(name))) ?? new Uint8Array())
  }

  #shapeOf(hash: string): Promise<FileShape | undefined> {
    return this.#database.read(['files'], (files) => answerOf(files.get([this.#session, hash])))
  }
}

/** The sessions that have files in the database. */
export function sessionsIn(database: Database): SessionDirectory {
  return {
    async keys() {
      const names = await database.read(['files'], (files) => answerOf(files.getAllKeys()))
      return new Set((names as [string, string][]).map(([session]) => session))
    },
    remove: (session) => removeUnder(database, [session]),
  }
}

async function removeUnder(database: Database, name: string[]): Promise<void> {
  await database.change(STORES, async (files, pieces) => {
    const all = name.length === 1 ? under(name) : IDBKeyRange.only(name)
    await Promise.all([answerOf(files.delete(all)), answerOf(pieces.delete(under(name)))])
  })
}

/** The keys that begin with these names. An array sorts after every number and text. */
function under(name: string[]): IDBKeyRange {
  return IDBKeyRange.bound(name, [...name, []])
}

/** The part of a Blob that is used of a stored file: it reads only the pieces that it needs. */
class FileInPieces implements StoredFile {
  readonly #shape: FileShape
  readonly #read: (index: number) => Promise<Uint8Array>
  readonly type = ''

  constructor(shape: FileShape, read: (index: number) => Promise<Uint8Array>) {
    this.#shape = shape
    this.#read = read
  }

  get size(): number {
    return this.#shape.size
  }

  slice(start: number, end: number) {
    return { arrayBuffer: () => this.#bytes(start, Math.min(end, this.size)) }
  }

  async #bytes(start: number, end: number): Promise<ArrayBuffer> {
    const { pieceBytes } = this.#shape
    const found = new Uint8Array(Math.max(0, end - start))
    const last = Math.min(pieceCount(this.#shape), Math.ceil(end / pieceBytes))
    for (let index = Math.floor(start / pieceBytes); index < last; index++) {
      const at = index * pieceBytes
      const piece = (await this.#read(index)).subarray(Math.max(0, start - at), end - at)
      found.set(piece, Math.max(at, start) - start)
    }
    return found.buffer
  }
}

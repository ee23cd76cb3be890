/**
 * The store of an account in a directory, which one process has at a time: the key of this place, and a file for each record. Nobody else may read
 * them, so the account's secret is sealed by nothing else.
 */

import { readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createEmitter } from '../../async/emitter.ts'
import { type AccountStore, checkAccountRecord, MayflyError } from '../../index.ts'
import { createSigningSecret, publicKeyOf, signBytes } from '../../keys/signing.ts'
import { openLockedDirectory } from './locked-directory.ts'
import { loadOwnerFile, readOwnerFile, replaceOwnerFile, syncPath, TEMPORARY_FORM } from './owner-file.ts'
import { systemErrorWords } from './system-error.ts'

const KEY_FILE = 'place-key'
const SECRET_BYTES = 32
/** Between the name of a record and that of its file: the key and the lock are no records. */
const RECORD_SUFFIX = '.record'
/** A larger file is no record. */
const MAX_FILE_BYTES = 4_194_304

/** The account of a node. */
export function accountPathIn(dataDirectory: string): string {
  return join(dataDirectory, 'account')
}

/**
 * Makes the directory and the place's key when they are missing, and locks them.
 *
 * @throws {MayflyError} ERR_BAD_OPTION: another process has it, or others may read a file of it; the message says what to do
 * @throws the system's error, in words
 */
export async function openAccountStore(path: string): Promise<AccountStore> {
  const taken = `Another process has the account in ${path}, or its disk has no locks: end that process first, or use another directory`
  const { secret, release } = await openLockedDirectory(path, { noun: `the account in ${path}`, taken }, async () => {
    const isRight = ({ byteLength }: Uint8Array) => byteLength === SECRET_BYTES
    const key = { directory: path, name: KEY_FILE, noun: "place's key", maxBytes: SECRET_BYTES, create: createSigningSecret, isRight }
    const secret = await loadOwnerFile(key)
    for (const name of await readdir(path)) if (TEMPORARY_FORM.test(name)) await unlink(join(path, name))
    return { secret }
  })
  const changes = createEmitter<string>()
  let isOpen = true
  /** The last change of each record. Bounded by the names that the account uses. */
  const turns = new Map<string, Promise<unknown>>()

  function mustBeOpen(): void {
    if (!isOpen) throw new MayflyError('ERR_NOT_STORED', `Cannot use the account in ${path}: it has been closed`)
  }

  async function read(name: string): Promise<Uint8Array | undefined> {
    return readOwnerFile({ directory: path, name: `${name}${RECORD_SUFFIX}`, noun: 'record of an account', maxBytes: MAX_FILE_BYTES })
  }

  async function changeInTurn(name: string, update: Parameters<AccountStore['change']>[1]): Promise<Uint8Array | undefined> {
    const before = await read(name)
    const bytes = update(before?.slice())
    if (bytes === undefined) return before
    checkAccountRecord(name, bytes)
    const written = Uint8Array.from(bytes)
    try {
      await replaceOwnerFile(path, `${name}${RECORD_SUFFIX}`, written)
    } catch (cause) {
      const reason = systemErrorWords(cause)
      throw new MayflyError('ERR_NOT_STORED', `Cannot store the account in ${path}: ${reason}; it is as it was before`, { cause })
    }
    changes.emit(name)
    return written
  }

  /** Waits for the changes under way. */
  async function close(): Promise<void> {
    isOpen = false
    await Promise.allSettled(turns.values())
    release()
  }

  return {
    isKept: true,
    place: { publicKey: publicKeyOf(secret), sign: (bytes) => signBytes(secret, bytes) },
    async load(name) {
      checkAccountRecord(name)
      mustBeOpen()
      return read(name)
    },
    async change(name, update) {
      checkAccountRecord(name)
      mustBeOpen()
      const turn = (turns.get(name) ?? Promise.resolve()).then(
        () => changeInTurn(name, update),
        () => changeInTurn(name, update),
      )
      turns.set(name, turn)
      return turn
    },
    seal: async (bytes) => bytes.slice(),
    unseal: async (sealed) => sealed.slice(),
    onChange: changes.on,
    async clear() {
      isOpen = false
      await Promise.allSettled(turns.values())
      for (const name of (await readdir(path)).sort()) {
        if (name === KEY_FILE || name.endsWith(RECORD_SUFFIX)) await unlink(join(path, name))
      }
      syncPath(path)
      release()
    },
    close,
  }
}

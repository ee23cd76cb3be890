/** Secrets in files that only their owner may read: written atomically, and refused when others could have read them. */

import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync } from 'node:fs'
import { link, open, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { MayflyError } from '../../errors.ts'
import { makeDirectories } from './directories.ts'

interface ReadOwnerFile {
  directory: string
  name: string
  /** Its name in errors: "private key". */
  noun: string
  /** Larger files hold something else, in bytes. */
  maxBytes: number
  /** True for bytes that may be in it; all when left out. */
  isRight?(bytes: Uint8Array): boolean
}

interface OwnerFile extends ReadOwnerFile {
  create(): Uint8Array | Promise<Uint8Array>
  /** True for bytes that `create` can have made. */
  isRight(bytes: Uint8Array): boolean
}

/**
 * Reads the secret, or makes the directory and the file.
 *
 * @throws {MayflyError} ERR_BAD_OPTION: others may read it, or it is another file; the message says what to do
 * @throws the system's error, when the directory cannot be made, read or written
 */
export async function loadOwnerFile(file: OwnerFile): Promise<Uint8Array> {
  await makeDirectories(file.directory, 0o700)
  return (await readOwnerFile(file)) ?? (await createOwnerFile(file))
}

/**
 * Undefined when there is no such file.
 *
 * @throws {MayflyError} ERR_BAD_OPTION, as `loadOwnerFile`
 * @throws the system's error
 */
export async function readOwnerFile({
  directory,
  name,
  noun,
  maxBytes,
  isRight = () => true,
}: ReadOwnerFile): Promise<Uint8Array | undefined> {
  const path = join(directory, name)
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (file === undefined) return undefined
  try {
    const { mode, uid, size } = await file.stat()
    const owner = process.geteuid?.()
    // Without geteuid there are no such permissions either (Windows).
    if (owner !== undefined && ((mode & 0o077) !== 0 || uid !== owner)) {
      throw new MayflyError('ERR_BAD_OPTION', `Others may read or change the ${noun} ${path}: run \`chmod 600\` on it as its owner`)
    }
    const bytes = size > maxBytes ? undefined : new Uint8Array(await file.readFile())
    if (bytes !== undefined && isRight(bytes)) return bytes
    throw new MayflyError('ERR_BAD_OPTION', `No ${noun} in ${path}: remove the file to start with a new one`)
  } finally {
    await file.close()
  }
}

/** Writes the file under a temporary name, then links it: a crash leaves no half file, and two processes at once get the same secret. */
async function createOwnerFile(ownerFile: OwnerFile): Promise<Uint8Array> {
  const { directory, name, create } = ownerFile
  const bytes = await create()
  const temporary = await writeTemporaryFile(directory, name, bytes)
  try {
    await link(temporary, join(directory, name))
    syncPath(directory)
  } catch (error) {
    const earlier = (error as NodeJS.ErrnoException).code === 'EEXIST' ? await readOwnerFile(ownerFile) : undefined
    if (earlier === undefined) throw error
    return earlier
  } finally {
    await unlink(temporary)
  }
  return bytes
}

/**
 * Makes the file, or replaces it: after a crash it is the one before or the new one. Resolves once it is on the disk.
 *
 * @throws the system's error; the file is the one before
 */
export async function replaceOwnerFile(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = await writeTemporaryFile(directory, name, bytes)
  try {
    await rename(temporary, join(directory, name))
  } catch (error) {
    await unlink(temporary)
    throw error
  }
  syncPath(directory)
}

/** Names of files that a crash may have left half written. */
export const TEMPORARY_FORM = /^\.[a-z0-9.-]+-[0-9a-f]{12}$/

async function writeTemporaryFile(directory: string, name: string, bytes: Uint8Array): Promise<string> {
  const temporary = join(directory, `.${name}-${randomBytes(6).toString('hex')}`)
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } catch (error) {
    await unlink(temporary)
    throw error
  } finally {
    await file.close()
  }
  return temporary
}

/** Syncs a file, or a directory, which is where a new name is stored. */
export function syncPath(path: string): void {
  if (process.platform === 'win32') return // it opens no directories, and syncs no file that is open for reading only
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

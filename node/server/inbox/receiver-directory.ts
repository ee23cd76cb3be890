/**
 * The directory of a receiver: `receivers/NAME/` in the data directory, with its secret, inbox and outbox, for one process at a time. The
 * receiver's address follows from the secret: without it, messages on their way are lost.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createMessageSecret, encodeKeyBase32, MayflyError, parseEnd } from '../../index.ts'
import { openLockedDirectory } from '../store/locked-directory.ts'
import { loadOwnerFile } from '../store/owner-file.ts'
import { inboxPathIn, plainReceiverPath, receiversPath } from './receiver-path.ts'

export type ReceiverDirectory = Awaited<ReturnType<typeof openReceiverDirectory>>

const SECRET_BYTES = 32

/**
 * Makes the directory and the secret when they are missing, and locks them. `release`, which may be called twice, unlocks them for other
 * processes.
 *
 * @throws {MayflyError} ERR_BAD_OPTION: a name that cannot be, a receiver that runs already, a secret that others can read; ERR_BAD_END
 * @throws the system's error, in words
 */
export async function openReceiverDirectory(dataDirectory: string, name: string) {
  const path = receiverPath(dataDirectory, name)
  const taken = `The receiver ${JSON.stringify(name)} runs already: end that one first, or choose another name`
  return openLockedDirectory(path, { noun: `the directory ${path} of the receiver`, taken }, async () => {
    const secret = await loadOwnerFile({
      directory: path,
      name: 'secret',
      noun: 'secret of a receiver',
      maxBytes: SECRET_BYTES,
      create: createMessageSecret,
      isRight: (bytes) => bytes.byteLength === SECRET_BYTES,
    })
    return { name, secret, inboxPath: inboxPathIn(path), outboxPath: join(path, 'outbox.db') }
  })
}

/**
 * The path of an existing receiver's inbox; the receiver may be running.
 *
 * @throws {MayflyError} ERR_BAD_OPTION: there is none of that name
 */
export function findInboxPath(dataDirectory: string, name: string): string {
  const path = inboxPathIn(receiverPath(dataDirectory, name))
  if (existsSync(path)) return path
  throw new MayflyError('ERR_BAD_OPTION', `There is no receiver ${JSON.stringify(name)} in ${dataDirectory}`)
}

/** `#name` is an end, too, and may have letters that a directory's name cannot: then the directory is named after the end's key. */
function receiverPath(dataDirectory: string, name: string): string {
  if (name.startsWith('#')) {
    const { text, key } = parseEnd(name)
    const isPlain = plainReceiverPath(dataDirectory, text.slice(1)) !== undefined
    return join(receiversPath(dataDirectory), isPlain ? text : `#${encodeKeyBase32(key)}`)
  }
  const path = plainReceiverPath(dataDirectory, name)
  if (path !== undefined) return path
  const expected = 'expected 1 to 64 of A-Z a-z 0-9 . _ - that begin with no dot, or #end'
  throw new MayflyError('ERR_BAD_OPTION', `Not a name of a receiver: ${expected}, got ${JSON.stringify(name.slice(0, 80))}`)
}

/** The private key of a node, kept in its data directory: a node that restarts is the same peer. Losing the directory loses only that. */

import { randomBytes } from 'node:crypto'
import { link, mkdir, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { MayflyError } from '../errors.ts'
import type { MessageSecret } from '../types.ts'

const KEY_FILE = 'private-key'
/** An Ed25519 key is 68 bytes in libp2p's form; whatever is larger than this is something else. */
const MAX_KEY_FILE_BYTES = 4096
/** The seed; what follows it in libp2p's form is the public key. */
const MESSAGE_SECRET_BYTES = 32

/**
 * Reads the key of the data directory; makes the directory and the key when they are missing.
 *
 * @returns libp2p's protobuf bytes of an Ed25519 private key
 * @throws {MayflyError} ERR_BAD_OPTION: others may read the key file, or it holds no such key; the message says what to do
 * @throws the system's error, when the directory cannot be made, read or written
 * @see https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md (keys)
 */
export async function loadIdentity(dataDirectory: string): Promise<Uint8Array> {
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  const path = join(dataDirectory, KEY_FILE)
  return (await readKeyFile(path)) ?? (await createKeyFile(dataDirectory, path))
}

/** Undefined when there is no such file. */
async function readKeyFile(path: string): Promise<Uint8Array | undefined> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (file === undefined) return undefined
  try {
    const { mode, uid, size } = await file.stat()
    const owner = process.geteuid?.()
    // Without geteuid there are no such permissions either (Windows).
    if (owner !== undefined && ((mode & 0o077) !== 0 || uid !== owner)) {
      throw new MayflyError('ERR_BAD_OPTION', `Others may read or change the private key ${path}: run \`chmod 600\` on it as its owner`)
    }
    if (size > MAX_KEY_FILE_BYTES) throw notAKey(path)
    const bytes = new Uint8Array(await file.readFile())
    assertPrivateKey(bytes, path)
    return bytes
  } finally {
    await file.close()
  }
}

/** Written under another name first, then linked: a crash leaves no half key, and of two starts at once both get the same one. */
async function createKeyFile(dataDirectory: string, path: string): Promise<Uint8Array> {
  const bytes = privateKeyToProtobuf(await generateKeyPair('Ed25519'))
  const temporary = join(dataDirectory, `.${KEY_FILE}-${randomBytes(6).toString('hex')}`)
  const file = await open(temporary, 'wx', 0o600)
  try {
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await link(temporary, path)
  } catch (error) {
    const earlier = (error as NodeJS.ErrnoException).code === 'EEXIST' ? await readKeyFile(path) : undefined
    if (earlier === undefined) throw error
    return earlier
  } finally {
    await unlink(temporary)
  }
  return bytes
}

function assertPrivateKey(bytes: Uint8Array, path: string): void {
  let type: string
  try {
    type = privateKeyFromProtobuf(bytes).type
  } catch (cause) {
    throw notAKey(path, { cause })
  }
  if (type !== 'Ed25519') throw notAKey(path)
}

function notAKey(path: string, options?: ErrorOptions): MayflyError {
  return new MayflyError('ERR_BAD_OPTION', `No Ed25519 private key in ${path}: remove the file to start with a new identity`, options)
}

/** Whose messages a node's are: its own. @param privateKey as `loadIdentity` gives it */
export function messageSecretOf(privateKey: Uint8Array): MessageSecret {
  return privateKeyFromProtobuf(privateKey).raw.slice(0, MESSAGE_SECRET_BYTES)
}

/** The private key of a node, stored in its data directory: a node that restarts is the same peer. */

import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { MessageSecret } from '../../index.ts'
import { loadOwnerFile } from './owner-file.ts'
import { explainSystemError } from './system-error.ts'

const KEY_FILE = 'private-key'
/** Larger files hold something else; an Ed25519 key is 68 bytes in libp2p's form. */
const MAX_KEY_FILE_BYTES = 4096
/** Length of the seed, which the public key follows in libp2p's form. */
const MESSAGE_SECRET_BYTES = 32

/**
 * Reads the key of the data directory; makes the directory and the key when they are missing.
 *
 * @returns libp2p's protobuf bytes of an Ed25519 private key
 * @throws {MayflyError} ERR_BAD_OPTION: others may read the key file, or it holds no such key; the message says what to do
 * @throws the system's error, in words
 * @see https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md (keys)
 */
export async function loadIdentity(dataDirectory: string): Promise<Uint8Array> {
  try {
    return await loadOwnerFile({
      directory: dataDirectory,
      name: KEY_FILE,
      noun: 'Ed25519 private key',
      maxBytes: MAX_KEY_FILE_BYTES,
      create: async () => privateKeyToProtobuf(await generateKeyPair('Ed25519')),
      isRight: isEd25519Key,
    })
  } catch (error) {
    throw explainSystemError(`Cannot use the data directory ${dataDirectory}`, error)
  }
}

function isEd25519Key(bytes: Uint8Array): boolean {
  try {
    return privateKeyFromProtobuf(bytes).type === 'Ed25519'
  } catch {
    return false
  }
}

/** The secret of the node's own messages. @param privateKey from `loadIdentity` */
export function messageSecretOf(privateKey: Uint8Array): MessageSecret {
  return privateKeyFromProtobuf(privateKey).raw.slice(0, MESSAGE_SECRET_BYTES)
}

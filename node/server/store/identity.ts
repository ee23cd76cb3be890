/** The private key of a node, stored in its data directory: a node that restarts is the same peer. */

import type { MessageSecret } from '../../index.ts'
import { equalBytes } from '../../keys/index.ts'
import { createSigningSecret, publicKeyOf } from '../../keys/signing.ts'
import { loadOwnerFile } from './owner-file.ts'
import { explainSystemError } from './system-error.ts'

const KEY_FILE = 'private-key'
/** Larger files hold something else; an Ed25519 key is 68 bytes in libp2p's form. */
const MAX_KEY_FILE_BYTES = 4096
/**
 * Prefix of the seed and the public key in libp2p's protobuf: field 1, Ed25519; field 2, 64 bytes. libp2p itself takes longer to load than
 * a short command takes.
 *
 * @see https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md (keys)
 */
const PROTOBUF_PREFIX = Uint8Array.of(0x08, 0x01, 0x12, 0x40)
const SEED_BYTES = 32
const PROTOBUF_BYTES = PROTOBUF_PREFIX.byteLength + 2 * SEED_BYTES

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
      create: () => encodePrivateKey(createSigningSecret()),
      isRight: isEd25519Key,
    })
  } catch (error) {
    throw explainSystemError(`Cannot use the data directory ${dataDirectory}`, error)
  }
}

/** The secret of the node's own messages. @param privateKey from `loadIdentity` */
export function messageSecretOf(privateKey: Uint8Array): MessageSecret {
  return privateKey.slice(PROTOBUF_PREFIX.byteLength, PROTOBUF_PREFIX.byteLength + SEED_BYTES)
}

function encodePrivateKey(secret: MessageSecret): Uint8Array {
  return Uint8Array.of(...PROTOBUF_PREFIX, ...secret, ...publicKeyOf(secret))
}

function isEd25519Key(bytes: Uint8Array): boolean {
  return bytes.byteLength === PROTOBUF_BYTES && equalBytes(bytes, encodePrivateKey(messageSecretOf(bytes)))
}

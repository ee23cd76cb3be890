/**
 * The checks of a first stage by the browser's own Ed25519, which is there at once, in another thread. A browser that has none (before Chrome 137,
 * Firefox 129 and Safari 17) loads the library's.
 */

import { equalBytes, sha256AtOnce } from '../../keys/index.ts'
import { listBytes } from '../format/share-entry.ts'
import { welcomeBytes } from '../format/share-keys.ts'
import type { ShareChecks } from '../format/share-signatures.ts'

const owned = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>

/** The newest: a visit has one sharer. */
let imported: { publicKey: Uint8Array; key: Promise<CryptoKey | undefined> } | undefined

function importKey(publicKey: Uint8Array): Promise<CryptoKey | undefined> {
  if (imported === undefined || !equalBytes(imported.publicKey, publicKey)) {
    // Undefined: no such algorithm here, or no such key. The library's check tells.
    const key = crypto.subtle.importKey('raw', owned(publicKey), 'Ed25519', false, ['verify']).catch(() => undefined)
    imported = { publicKey: publicKey.slice(), key }
  }
  return imported.key
}

export const NATIVE_CHECKS: ShareChecks = {
  async isWelcome(kind, id, ends, signed) {
    if (!equalBytes(sha256AtOnce(signed.publicKey), id)) return false
    const key = await importKey(signed.publicKey)
    if (key !== undefined) return crypto.subtle.verify('Ed25519', key, owned(signed.signature), owned(welcomeBytes(kind, id, ends)))
    return (await import('../format/share-signatures.ts')).isWelcome(kind, id, ends, signed)
  },
  async isList(publicKey, id, sequence, pages, signature) {
    const key = await importKey(publicKey)
    if (key !== undefined) return crypto.subtle.verify('Ed25519', key, owned(signature), owned(listBytes(id, sequence, pages)))
    return (await import('../format/share-signatures.ts')).isList(publicKey, id, sequence, pages, signature)
  },
}

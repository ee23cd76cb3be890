/** The key that downloaders of content hold: they have some of its pieces, or will have. Holders of the whole hold the content's own key. */

import { KEY_BYTES, sha256 } from '../../keys/index.ts'
import type { Key } from '../../types.ts'

const DOMAIN = new TextEncoder().encode('mayfly/swarm/1\n')

/** The SHA-256 of `mayfly/swarm/1`, a line feed and the SHA-256 of the outline. */
export function swarmKey(outlineHash: Key): Promise<Key> {
  const named = new Uint8Array(DOMAIN.byteLength + KEY_BYTES)
  named.set(DOMAIN)
  named.set(outlineHash, DOMAIN.byteLength)
  return sha256(named)
}

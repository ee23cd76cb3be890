/** Hashes and peer ids, shortened for a sentence. Titles and links keep the whole form. */

export function shortHash(hash: string): string {
  return `${hash.slice(0, 8)}…`
}

/** The last characters: all Ed25519 peer ids begin alike. */
export function shortPeer(peer: string): string {
  return peer.length <= 10 ? peer : `…\u2060${peer.slice(-6)}` // no line break after the ellipsis
}

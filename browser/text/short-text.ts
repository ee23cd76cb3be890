/** Hashes and peer ids shortened for a sentence. The whole form stays in titles and links. */

/** The first eight digits of a hash. */
export function shortHash(hash: string): string {
  return `${hash.slice(0, 8)}…`
}

/** Ed25519 peer ids all begin alike, so the end tells them apart. */
export function shortPeer(peer: string): string {
  return peer.length <= 10 ? peer : `…${peer.slice(-6)}`
}

/** Places of servers and keys in the DHT's space, cut to what groups need of them, and distances by XOR. */

/**
 * The first 64 bits of a position, as two unsigned numbers of 32. Two servers do not share so many by chance: with 10,000 of them, one time in
 * 10^11.
 */
export interface Place {
  readonly high: number
  readonly low: number
}

/** A server as its neighbours know it. */
export interface Server {
  /** Peer id, text form. */
  readonly id: string
  readonly place: Place
}

/** @param position a SHA-256, 32 bytes */
export function placeOf(position: Uint8Array): Place {
  const view = new DataView(position.buffer, position.byteOffset, position.byteLength)
  return { high: view.getUint32(0), low: view.getUint32(4) }
}

/** The first bits of a place, as a number: which of the 2^bits groups it is in. */
export const groupOf = ({ high }: Place, bits: number) => (bits === 0 ? 0 : high >>> (32 - bits))

/** How many of their first 32 bits two places share. */
export const sharedBits = (a: Place, b: Place) => Math.clz32(a.high ^ b.high)

/** True when `a` is nearer to the target than `b`. */
export function isNearer(target: Place, a: Place, b: Place): boolean {
  const [toA, toB] = [(a.high ^ target.high) >>> 0, (b.high ^ target.high) >>> 0]
  return toA !== toB ? toA < toB : (a.low ^ target.low) >>> 0 < (b.low ^ target.low) >>> 0
}

/** The nearest first, at most so many. */
export function nearestTo<S extends Server>(target: Place, servers: Iterable<S>, count: number): S[] {
  const nearest: S[] = []
  for (const server of servers) {
    let at = nearest.length
    if (at >= count && !isNearer(target, server.place, (nearest[at - 1] as S).place)) continue
    if (at < count) nearest.push(server)
    else at--
    while (at > 0 && isNearer(target, server.place, (nearest[at - 1] as S).place)) {
      nearest[at] = nearest[at - 1] as S
      at--
    }
    nearest[at] = server
  }
  return nearest
}

/** Counts the connections of each client address, and says when one has too many. */

import type { Socket } from 'node:net'
import { addressGroup, isLoopback } from '../http/client-address.ts'

export class ConnectionCount {
  /** The address group that a socket counts for. */
  readonly #groups = new WeakMap<Socket, string>()
  /** By address group. Bounded by the server's limit on connections, since only addresses that have one are in it. */
  readonly #counts = new Map<string, number>()
  readonly #maxPerAddress: number

  constructor(maxPerAddress: number) {
    this.#maxPerAddress = maxPerAddress
  }

  /** False when its address has as many as it may. This machine is not counted: a proxy on it speaks for many. */
  enter(socket: Socket): boolean {
    const address = socket.remoteAddress ?? ''
    if (isLoopback(address)) return true
    const group = addressGroup(address)
    const count = this.#counts.get(group) ?? 0
    if (count >= this.#maxPerAddress) return false
    this.#groups.set(socket, group)
    this.#counts.set(group, count + 1)
    return true
  }

  /** May be called twice, and for a socket that was never counted. */
  leave(socket: Socket): void {
    const group = this.#groups.get(socket)
    if (group === undefined) return
    this.#groups.delete(socket)
    const left = (this.#counts.get(group) ?? 1) - 1
    if (left === 0) this.#counts.delete(group)
    else this.#counts.set(group, left)
  }
}

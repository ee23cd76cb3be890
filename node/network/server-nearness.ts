/** Questions of a server about its own place among those that it knows. */

import { BUCKET_BITS, BUCKET_SIZE, compareDistance, type ServerName, type ServerTable } from './server-table.ts'

/**
 * A table that has changed within this time may still be filled: a node that has just joined knows few of its neighbours. Where it is known that
 * nobody else was told of who is yet to come, the shorter time does: each server that connects brings its word of the others.
 */
const FILLING_MS = 5_000
const SETTLING_MS = 1_000
/** A server has gone within this time: who comes now may be back, as all are after a sleep, and what stood there is on its way to others. */
const LOSS_MS = 30_000

/** The part of a table that is read. */
export type NearnessServers<Name extends ServerName> = Pick<ServerTable<Name>, 'placed' | 'positionOfSelf' | 'quietMs' | 'wholeMs'>

/** True when this peer would be among the `count` nearest, were it in its own table. */
export function isSelfAmongClosest<Name extends ServerName>(table: NearnessServers<Name>, position: Uint8Array, count: number): boolean {
  const self = table.positionOfSelf()
  let nearer = 0
  for (const server of table.placed()) if (compareDistance(position, server.position, self) < 0 && ++nearer >= count) return false
  return nearer < count
}

/**
 * True when nearer servers may exist: the table had no room for them, or is still being filled.
 *
 * @param isAwaiting true while servers that others have told of are still to be connected
 */
export function hasGapAt<Name extends ServerName>(
  table: NearnessServers<Name>,
  position: Uint8Array,
  isAwaiting: () => boolean = () => true,
): boolean {
  const servers = table.placed()
  if (servers.length === 0) return false // a walk needs a peer to begin with: kad-dht would wait for one
  const quietMs = table.quietMs()
  if (quietMs < SETTLING_MS || (quietMs < FILLING_MS && (isAwaiting() || table.wholeMs() < LOSS_MS))) return true
  const prefix = (bytes: Uint8Array) => (bytes[0] ?? 0) >> (8 - BUCKET_BITS)
  let near = 0
  for (const server of servers) if (prefix(server.position) === prefix(position)) near++
  return near >= BUCKET_SIZE
}

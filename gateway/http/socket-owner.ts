/**
 * The account of the program at the other end of a connection within this machine, from Linux's table of sockets. It shows what no request
 * does: that a web server or a proxy asks, which runs under an account of its own.
 */

import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'

/** @see https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html */
const TABLES = ['/proc/net/tcp', '/proc/net/tcp6']

/** The user id that owns the client's socket; undefined where the system does not tell. */
export function findSocketOwner({ remotePort = 0, localPort = 0 }: Pick<Socket, 'remotePort' | 'localPort'>): number | undefined {
  // Number, local address, remote address, state, two queues, timer, timeouts, user id. The ports of both ends tell connections apart.
  const row = new RegExp(`^ *\\d+: [0-9A-F]+:${hexOf(remotePort)} [0-9A-F]+:${hexOf(localPort)} 01 \\S+ \\S+ \\S+ +(\\d+) `, 'm')
  for (const table of TABLES) {
    try {
      const owner = row.exec(readFileSync(table, 'latin1'))?.[1]
      if (owner !== undefined) return Number(owner)
    } catch {
      return undefined
    }
  }
  return undefined
}

function hexOf(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0')
}

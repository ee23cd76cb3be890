/**
 * The connections of each client to one port: HTTP and the overlay's websockets in one count. The server counts each TCP connection that it
 * accepts; the overlay's listener, each one that becomes a websocket. A client behind a proxy shares the proxy's TCP connections, so only its
 * websockets can be counted as its own.
 */

import { createQuota } from '../async/quota.ts'
import { type ClientAddress, parseClientAddress, parseForwardedFor, UNKNOWN_CLIENT } from './client-address.ts'

export const CLIENT_CONNECTIONS_DEFAULTS = {
  /** Connections of one client, HTTP and websockets of the overlay together. */
  maxPerClient: 4_096, // a school or a company behind one address; lower it on a public node
  /** Connections of one client that are not websockets of the overlay. */
  maxHttpPerClient: 512,
  /** Believe the X-Forwarded-For of a proxy on this machine. */
  trustProxy: false,
}

export type ClientConnectionsOptions = Partial<typeof CLIENT_CONNECTIONS_DEFAULTS>

/** As much as is used of a socket and a request of `node:http`. */
export interface ClientSocket {
  readonly remoteAddress?: string | undefined
  once(event: 'close', listener: () => void): unknown
}
export interface ClientRequest {
  readonly socket: ClientSocket
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

interface Connection {
  readonly client: ClientAddress
  isCounted: boolean
  leaveHttp?: () => void
}

export type ClientConnections = ReturnType<typeof createClientConnections>

export function createClientConnections(options: ClientConnectionsOptions = {}) {
  const { maxPerClient, maxHttpPerClient, trustProxy } = { ...CLIENT_CONNECTIONS_DEFAULTS, ...options }
  // How many there are in all is for the server to limit.
  const all = createQuota({ maxPerKey: maxPerClient })
  const http = createQuota({ maxPerKey: maxHttpPerClient })
  const connections = new WeakMap<ClientSocket, Connection>()

  function connectionOf(socket: ClientSocket): Connection {
    const known = connections.get(socket)
    if (known !== undefined) return known
    const connection = { client: parseClientAddress(socket.remoteAddress ?? '') ?? UNKNOWN_CLIENT, isCounted: false }
    connections.set(socket, connection)
    return connection
  }

  /** The client that a request comes from: its socket's address, which is parsed once, or the one that a trusted proxy names. */
  function clientOf(request: ClientRequest): ClientAddress {
    const { client } = connectionOf(request.socket)
    if (!isTrustedProxy(request)) return client
    return parseForwardedFor(String(request.headers['x-forwarded-for'])) ?? { ...client, isLocal: false }
  }

  /** True for this machine's connections where they are a proxy's: then its client is never this machine, even when the proxy does not name it. */
  function isTrustedProxy({ socket }: ClientRequest): boolean {
    return trustProxy && connectionOf(socket).client.isLocal
  }

  return {
    /** Counts a TCP connection until it closes. This machine's are not counted. @returns the limit that it is over; undefined when it may stay */
    accept(socket: ClientSocket): number | undefined {
      const connection = connectionOf(socket)
      const { group, isLocal } = connection.client
      if (isLocal) return undefined
      const leave = all.enter(group)
      if (typeof leave === 'string') return maxPerClient
      const leaveHttp = http.enter(group)
      if (typeof leaveHttp === 'string') {
        leave()
        return maxHttpPerClient
      }
      connection.isCounted = true
      connection.leaveHttp = leaveHttp
      socket.once('close', () => {
        leave()
        leaveHttp()
      })
      return undefined
    },
    clientOf,
    isTrustedProxy,
    /** Counts a request that becomes a websocket of the overlay until its socket closes. @returns undefined when its client has one too many */
    upgrade(request: ClientRequest): ClientAddress | undefined {
      const connection = connectionOf(request.socket)
      const client = clientOf(request)
      connection.leaveHttp?.()
      if (connection.isCounted) return client // a proxy's connection is this machine's, and not counted
      const leave = all.enter(client.group)
      if (typeof leave === 'string') return undefined
      connection.isCounted = true
      request.socket.once('close', leave)
      return client
    },
  }
}

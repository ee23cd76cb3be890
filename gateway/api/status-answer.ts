/** The status of this node: its identity and addresses for peers that want to join, its counts and limits for its operator. */

import type { IceServer, Peer } from '../../node/index.ts'
import type { Access } from '../http/access.ts'
import { PUBLIC_DATA_HEADERS } from '../http/security-headers.ts'
import type { GatewayLimits, GatewayRequest } from '../types.ts'

interface StatusParts {
  peer: Peer
  access: Access
  version: string
  limits: GatewayLimits
  /** The origin for links to this node; undefined where only this machine reaches it. */
  urlForOthers: () => string | undefined
  /** Each call is for one tab. */
  iceServers(): readonly IceServer[]
  /** `mayfly/browser` as a module for other people's pages; undefined where it is not built. */
  library: (incoming: GatewayRequest) => { url: string; integrity: string } | undefined
  /** The build of the app that is served here; undefined where it is not built. */
  build: string | undefined
  /** The origin of a page that may not join here. */
  refusedOrigin: (incoming: GatewayRequest) => string | undefined
}

/**
 * Every page may read the status: tabs of other gateways need `id` and `addresses` to join here. Only our own pages and programs get the
 * counts and the addresses that it joined, which would show a stranger's page what its reader's own node is doing. A page that may not join
 * learns it here: a browser does not tell why a websocket did not open.
 */
export function answerStatus(parts: StatusParts, incoming: GatewayRequest): Response {
  const { counts, startedAtMs, joinedThrough, limits, ...rest } = parts.peer.status()
  const iceServers = parts.iceServers()
  const url = parts.urlForOthers()
  const library = parts.library(incoming)
  const refusedOrigin = parts.refusedOrigin(incoming)
  const facts = {
    ...rest,
    version: parts.version,
    ...(url === undefined ? {} : { url }),
    ...(iceServers.length > 0 && { iceServers }),
    ...(library !== undefined && { library }),
    ...(parts.build !== undefined && { build: parts.build }),
    ...(refusedOrigin !== undefined && { refusedOrigin }),
    limits: { ...limits, http: parts.limits },
    ...(parts.access.isForeignPage(incoming) ? {} : { joinedThrough, counts, startedAtMs }),
  }
  return new Response(`${JSON.stringify(facts)}\n`, {
    headers: { ...PUBLIC_DATA_HEADERS, 'content-type': 'application/json', vary: 'Origin' },
  })
}

/** What this node says of itself: who it is and where, for peers that want to join; counts and limits, for its operator. */

import type { IceServer, Peer } from '../../node/index.ts'
import type { Access } from '../http/access.ts'
import { PUBLIC_DATA_HEADERS } from '../http/security-headers.ts'
import type { GatewayLimits, GatewayRequest } from '../types.ts'

export interface StatusParts {
  peer: Peer
  access: Access
  version: string
  limits: GatewayLimits
  publicUrl?: string
  iceServers?: readonly IceServer[]
}

/**
 * Any page may ask: tabs served by another gateway read `id` and `addresses` to join here. The counts are not for them, since
 * they would tell a stranger's page what the visitor's own node is doing.
 */
export function answerStatus(parts: StatusParts, incoming: GatewayRequest): Response {
  const { counts, startedAtMs, limits, ...rest } = parts.peer.status()
  const facts = {
    ...rest,
    version: parts.version,
    ...(parts.publicUrl === undefined ? {} : { url: parts.publicUrl }),
    ...(parts.iceServers?.length ? { iceServers: parts.iceServers } : {}),
    limits: { ...limits, http: parts.limits },
    ...(parts.access.isForeignPage(incoming) ? {} : { counts, startedAtMs }),
  }
  return new Response(`${JSON.stringify(facts)}\n`, {
    headers: { ...PUBLIC_DATA_HEADERS, 'content-type': 'application/json', vary: 'Origin' },
  })
}

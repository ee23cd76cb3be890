/**
 * The STUN and TURN servers that gateways name, for direct connections. A connection would wait for the answer of a gateway: the first one is asked
 * for ahead, and each is used for a while.
 */

import type { GatewayStatus } from './gateway-status.ts'

/** How long an answer is used, in ms. A password for a TURN server is good for an hour (gateway/api/ice-servers.ts). */
export const ICE_SERVERS_MS = 120_000

/**
 * Asks at once. The function that is returned resolves with the servers of the first gateway that answers, none where no gateway does; then the next
 * call asks again.
 *
 * @param now a monotonic time, in ms
 */
export function createIceServers(
  gateways: readonly string[],
  readStatus: (gateway: string) => Promise<GatewayStatus>,
  now: () => number = () => performance.now(),
): () => Promise<RTCIceServer[]> {
  let asked: { atMs: number; servers: Promise<RTCIceServer[]> } | undefined

  async function find(): Promise<RTCIceServer[]> {
    for (const gateway of gateways) {
      const { id, iceServers = [] } = await readStatus(gateway)
      if (id !== undefined) return iceServers
    }
    asked = undefined
    return []
  }

  async function ask(): Promise<RTCIceServer[]> {
    const servers = find()
    asked = { atMs: now(), servers }
    return servers
  }

  void ask()
  return async () => (asked !== undefined && now() - asked.atMs < ICE_SERVERS_MS ? asked.servers : ask())
}

/** The part of the gateway's status that the tab reads; every field is undefined when the gateway does not answer. */

export interface GatewayStatus {
  id?: string
  /** Where other machines reach it, if it is not known only to its own. */
  url?: string
  /** Of the app that it serves. */
  build?: string
  iceServers?: RTCIceServer[]
}

export async function readGatewayStatus(gateway: string): Promise<GatewayStatus> {
  try {
    const response = await fetch(new URL('/api/v1/status', gateway), { signal: AbortSignal.timeout(5_000) })
    const { id, url, build, iceServers } = (await response.json()) as Record<string, unknown>
    return {
      ...(typeof id === 'string' && { id }),
      ...(typeof url === 'string' && URL.canParse(url) && { url }),
      ...(typeof build === 'string' && { build }),
      ...(Array.isArray(iceServers) && { iceServers }),
    }
  } catch {
    return {}
  }
}

/** The origin for links that others open: `localhost` leads each reader to a machine of its own. */
export function originForOthers(gateway: string, { url }: Pick<GatewayStatus, 'url'>): string {
  const isLocal = /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(new URL(gateway).hostname)
  return isLocal && url !== undefined ? new URL(url).origin : gateway
}

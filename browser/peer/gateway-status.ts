/** The part of the gateway's status that the tab reads; every field is undefined when the gateway does not answer. */

export async function readGatewayStatus(gateway: string): Promise<{ id?: string; iceServers?: RTCIceServer[] }> {
  try {
    const response = await fetch(new URL('/api/v1/status', gateway), { signal: AbortSignal.timeout(5_000) })
    const { id, iceServers } = (await response.json()) as Record<string, unknown>
    return { ...(typeof id === 'string' && { id }), ...(Array.isArray(iceServers) && { iceServers }) }
  } catch {
    return {}
  }
}

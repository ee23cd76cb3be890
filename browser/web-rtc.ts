/** WebRTC for this tab, where the browser has it. Loaded after the first paint, beside the peer itself. */

import type { PeerOptions } from '../node/index.ts'

type WebRTC = NonNullable<PeerOptions['webRTC']>

/** Servers that tell a tab its own address (STUN) or relay for it (TURN); this asks only when a connection is about to be made. */
export type FindIceServers = () => Promise<RTCIceServer[]>

/** Undefined where the browser has no WebRTC, or its owner turned it off: content then comes through the node. */
export async function loadWebRTC(findIceServers: FindIceServers): Promise<WebRTC | undefined> {
  if (typeof globalThis.RTCPeerConnection !== 'function') return undefined
  const { webRTC } = await import('@libp2p/webrtc')
  return webRTC({ rtcConfiguration: async () => ({ iceServers: await findIceServers() }) })
}

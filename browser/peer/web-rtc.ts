/** WebRTC for this tab, where the browser has it. Loaded after the first paint, beside the peer itself. */

import type { PeerOptions } from '../../node/index.ts'
import { soundPeerConnection } from './sound-peer-connection.ts'

type WebRTC = NonNullable<PeerOptions['webRTC']>

/** Servers that tell a tab its own address (STUN) or relay for it (TURN); this asks only when a connection is about to be made. */
export type FindIceServers = () => Promise<RTCIceServer[]>

/**
 * Both ends are browsers, which take more than the 16 KiB that every implementation does. The stream waits for an empty buffer once it is
 * over the limit, so the limit is above what the other end asks for at once, and below the 16 MiB at which Chromium refuses to send.
 */
const DATA_CHANNEL = { maxMessageSize: 65_536, maxBufferedAmount: 8 * 1_048_576 }

/** Undefined where the browser has no WebRTC, or its owner turned it off: content then comes through the node. */
export async function loadWebRTC(findIceServers: FindIceServers): Promise<WebRTC | undefined> {
  if (typeof globalThis.RTCPeerConnection !== 'function') return undefined
  const { webRTC } = await loadRepaired()
  return webRTC({ dataChannel: DATA_CHANNEL, rtcConfiguration: async () => ({ iceServers: await findIceServers() }) })
}

/** It takes the page's RTCPeerConnection once, when it is loaded: the repaired one stands there meanwhile. */
let loading: ReturnType<typeof load> | undefined

function loadRepaired(): ReturnType<typeof load> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined // the next one may be luckier
    throw error
  })
  return loading
}

async function load() {
  const own = globalThis.RTCPeerConnection
  globalThis.RTCPeerConnection = soundPeerConnection(own)
  try {
    return await import('@libp2p/webrtc')
  } finally {
    globalThis.RTCPeerConnection = own
  }
}

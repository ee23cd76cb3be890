/** WebRTC for this tab, where the browser has it. Loaded after the first paint, with the peer. */

import type { PeerOptions } from '../../node/index.ts'
import { closeWithPage } from './page-connections.ts'
import { soundPeerConnection } from './sound-peer-connection.ts'

type WebRTC = NonNullable<PeerOptions['webRTC']>

/**
 * Both ends are browsers, which take messages over the 16 KiB that every implementation takes. A stream over `maxBufferedAmount` waits for
 * an empty buffer: the limit is above what the other end requests at once, and below the 16 MiB at which Chromium refuses to send.
 */
const DATA_CHANNEL = { maxMessageSize: 65_536, maxBufferedAmount: 8 * 1_048_576 }

/**
 * Undefined where the browser has no WebRTC, or its owner turned it off: content then goes through the node.
 *
 * @param findIceServers finds STUN servers, which tell a tab its own address, and TURN servers, which relay for it; called before each connection, which waits for it
 */
export async function loadWebRTC(findIceServers: () => Promise<RTCIceServer[]>): Promise<WebRTC | undefined> {
  if (typeof globalThis.RTCPeerConnection !== 'function') return undefined
  loading ??= load()
  const { webRTC } = await loading
  return webRTC({ dataChannel: DATA_CHANNEL, rtcConfiguration: async () => ({ iceServers: await findIceServers() }) })
}

/** The module reads the page's RTCPeerConnection once, when it is loaded: a class of our own is in its place meanwhile. */
let loading: ReturnType<typeof load> | undefined

async function load() {
  const own = globalThis.RTCPeerConnection
  globalThis.RTCPeerConnection = closeWithPage(soundPeerConnection(own), globalThis.window)
  try {
    return await import('@libp2p/webrtc')
  } catch (error) {
    loading = undefined // the next call tries again
    throw error
  } finally {
    globalThis.RTCPeerConnection = own
  }
}

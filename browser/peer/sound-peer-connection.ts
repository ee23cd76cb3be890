/**
 * The browser's RTCPeerConnection with the one repair that @libp2p/webrtc needs: who dials opens a channel named 'init', and waits for it
 * to be open only after the connection is said to be. Both ends close that channel, and where the other end was quicker, the dial waited
 * for an event that had been: one dial of three on a loaded machine ended after its time-out (2026-11, @libp2p/webrtc 6.0.33).
 */

const FIRST_CHANNEL = 'init'

/** The same class otherwise. */
export function soundPeerConnection(PeerConnection: typeof RTCPeerConnection): typeof RTCPeerConnection {
  return class extends PeerConnection {
    override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
      const channel = super.createDataChannel(label, options)
      return label === FIRST_CHANNEL ? withMemory(channel) : channel
    }
  }
}

/** A channel that was open stays so for who asks, and tells who closes it that it is closed, also when it has been for long. */
function withMemory(channel: RTCDataChannel): RTCDataChannel {
  let wasOpen = false
  let isClosed = false
  channel.addEventListener('open', () => {
    wasOpen = true
  })
  channel.addEventListener('close', () => {
    isClosed = true
  })
  const state = () => Reflect.get(Object.getPrototypeOf(channel), 'readyState', channel) as RTCDataChannelState
  const close = channel.close.bind(channel)
  Object.defineProperties(channel, {
    readyState: { get: () => (wasOpen ? 'open' : state()) },
    close: {
      value: () => {
        close()
        if (isClosed) setTimeout(() => channel.dispatchEvent(new Event('close')))
      },
    },
  })
  return channel
}

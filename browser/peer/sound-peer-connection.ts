/**
 * The browser's RTCPeerConnection with a workaround for a race in @libp2p/webrtc. The dialer opens a channel named 'init', and waits for it
 * to open only after the connection is up. Both ends close that channel; when the other end was quicker, the dialer waited for an event
 * that had passed. On a loaded machine one dial of three ran into its time-out (2026-11, @libp2p/webrtc 6.0.33).
 */

const FIRST_CHANNEL = 'init'

/** The same class, but for the first channel. */
export function soundPeerConnection(PeerConnection: typeof RTCPeerConnection): typeof RTCPeerConnection {
  return class extends PeerConnection {
    override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
      const channel = super.createDataChannel(label, options)
      return label === FIRST_CHANNEL ? withMemory(channel) : channel
    }
  }
}

/** A channel that reports 'open' once it has been open, and fires `close` for every `close()`, also when it is closed already. */
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

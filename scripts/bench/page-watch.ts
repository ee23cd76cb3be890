/** Runs in a page before its scripts: what it does with the network is then among its `performance` marks, beside what the browser tells. */

/** Functions that this one calls must stand in it: it is sent to the page as text. */
export function watchPage(): void {
  performance.setResourceTimingBufferSize(1_000)
  const mark = (name: string) => performance.mark(name)
  const { WebSocket: Socket, RTCPeerConnection: Connection } = globalThis
  let sockets = 0
  globalThis.WebSocket = class extends Socket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      const name = `socket ${++sockets}`
      mark(`${name}: asked for`)
      this.addEventListener('open', () => mark(`${name}: open`), { once: true })
      this.addEventListener('message', () => mark(`${name}: first message`), { once: true })
    }
  }
  let connections = 0
  globalThis.RTCPeerConnection = class extends Connection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      const name = `WebRTC ${++connections}`
      mark(`${name}: made`)
      this.addEventListener('connectionstatechange', () => mark(`${name}: ${this.connectionState}`))
      this.addEventListener('iceconnectionstatechange', () => mark(`${name}: ice ${this.iceConnectionState}`))
      const watch = (channel: RTCDataChannel, by: string) => {
        const label = `${name}: channel ${++channels} ${by}${channel.label === '' ? '' : ` ${channel.label}`}`
        mark(`${label} made`)
        let bytes = 0
        let messages = 0
        channel.addEventListener('message', ({ data }) => {
          bytes += (data as ArrayBuffer).byteLength
          if (++messages === 1 || messages % 8 === 0) mark(`${label} message ${messages}, ${bytes} bytes in all`)
        })
        channel.addEventListener('open', () => mark(`${label} open`))
      }
      let channels = 0
      this.addEventListener('datachannel', ({ channel }) => watch(channel, 'by the other'))
      const create = this.createDataChannel
      this.createDataChannel = (label, options) => {
        const channel = create.call(this, label, options)
        watch(channel, 'from here')
        return channel
      }
      this.addEventListener('signalingstatechange', () => mark(`${name}: signalling ${this.signalingState}`))
    }
  }
}

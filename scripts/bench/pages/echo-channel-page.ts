/** A bare RTCDataChannel whose other end sends back what it gets, as JSON. */

import { createMessageEcho, type EchoLoad, type EchoReading, measureEcho } from '../echo-meter.ts'
import { answerCalls } from './bulk-page.ts'

const connection = new RTCPeerConnection({ iceServers: [] })
let channel: RTCDataChannel

const calls = {
  /** Resolves with a description for the other page. */
  async describe(): Promise<string> {
    channel = connection.createDataChannel('echo')
    await connection.setLocalDescription()
    return gathered()
  },
  /** Takes the other page's description; resolves with the answer to it. */
  async accept(description: string): Promise<string> {
    connection.addEventListener('datachannel', (event) => {
      event.channel.onmessage = ({ data }: MessageEvent<string>) => event.channel.send(data)
    })
    await connection.setRemoteDescription(JSON.parse(description) as RTCSessionDescriptionInit)
    await connection.setLocalDescription()
    return gathered()
  },
  /** Resolves once the channel is open. */
  async connect(description: string): Promise<void> {
    await connection.setRemoteDescription(JSON.parse(description) as RTCSessionDescriptionInit)
    if (channel.readyState !== 'open') await new Promise((resolve) => channel.addEventListener('open', resolve, { once: true }))
  },
  async measure(load: EchoLoad): Promise<EchoReading> {
    const { echo, onMessage } = createMessageEcho((message) => channel.send(JSON.stringify(message)))
    channel.onmessage = ({ data }: MessageEvent<string>) => onMessage(JSON.parse(data) as [number, unknown])
    return measureEcho(echo, load)
  },
}

/** Resolves with the session description once all candidates of this page are in it. */
async function gathered(): Promise<string> {
  while (connection.iceGatheringState !== 'complete') {
    await new Promise((resolve) => connection.addEventListener('icegatheringstatechange', resolve, { once: true }))
  }
  return JSON.stringify(connection.localDescription)
}

export type EchoChannelPageCalls = typeof calls
answerCalls(calls)

/**
 * A tab with people, as other people's pages have it: a guest in a room whose members answer each other's calls. Layers under a direct call, too,
 * each of which sends back what it gets: a channel of the browser's own connection, a stream of libp2p, frames, a channel of the room.
 */

import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { createPeer, type Peer, type Room } from '../../../browser/library.ts'
import { connectionKind, createFrameStream } from '../../../node/network/index.ts'
import { createMessageEcho, type Echo, type EchoLoad, type EchoReading, type EchoValue, measureEcho } from '../echo-meter.ts'
import { answerCalls } from './bulk-page.ts'

const MEET_MS = 60_000
const STREAM_PROTOCOL = '/mayfly-bench/stream'
const FRAMES_PROTOCOL = '/mayfly-bench/frames'
/** Of the data channel that both tabs make on their connection; browsers number theirs from below. */
const CHANNEL_ID = 900
const FRAME_LIMITS = { maxFrameBytes: 65_536, maxUnsentBytes: 1_048_576 }

/** From the browser's up to people's. */
export type Layer = 'data channel' | 'stream' | 'frames' | 'channel' | 'call'

/** The page's WebRTC connections. libp2p's transport keeps the page's class for itself, and so is loaded later. */
const rtcConnections: RTCPeerConnection[] = []

globalThis.RTCPeerConnection = class extends globalThis.RTCPeerConnection {
  constructor(configuration?: RTCConfiguration) {
    super(configuration)
    rtcConnections.push(this)
  }
}

let peer: Peer
let room: Room
/** The parts of libp2p that its transports are given. */
let libp2p: { connectionManager: Pick<Libp2p, 'getConnections'>; registrar: Pick<Libp2p, 'handle'> }
let ownChannel: RTCDataChannel

const text = new TextEncoder()
const decoder = new TextDecoder()
const encode = (message: unknown) => text.encode(JSON.stringify(message))
const decode = (bytes: Uint8Array | ArrayBuffer) => JSON.parse(decoder.decode(bytes)) as [number, unknown]

const calls = {
  async start({ gateway, isDirect }: { gateway: string; isDirect: boolean }): Promise<void> {
    const { webRTC } = await import('@libp2p/webrtc')
    const transport = webRTC({ rtcConfiguration: { iceServers: [] } })
    const direct = isDirect && {
      webRTC: (components: Parameters<typeof transport>[0]) => {
        libp2p = components as unknown as typeof libp2p
        return transport(components)
      },
    }
    peer = await createPeer({ gateway, people: { account: { kind: 'guest' } }, ...direct })
    await peer.start()
    await peer.people.connect()
    room = await peer.people.room('bench')
    room.module('echo', (value) => value)
    room.onChannel('way', () => {})
    room.onChannel('echo', (channel) => channel.onMessage((value) => channel.postMessage(value)))
  },
  /** Resolves with the way between the two, once it is the wanted one or a time is over. */
  async meet(wanted: 'direct' | 'relayed'): Promise<string> {
    const untilMs = performance.now() + MEET_MS
    while (room.present().length === 0 && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 50))
    const [other] = room.present()
    if (other === undefined) throw new Error('the other tab is not in the room')
    for (;;) {
      const channel = await room.channel(other.instance, 'way')
      channel.close()
      if (channel.way === wanted || performance.now() > untilMs) return channel.way
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  },
  /** Answers on the layers below people, from now on. */
  async answerLayers(): Promise<void> {
    await libp2p.registrar.handle(STREAM_PROTOCOL, (stream) => {
      stream.addEventListener('message', ({ data }) => stream.send(data.subarray()))
    })
    await libp2p.registrar.handle(FRAMES_PROTOCOL, (stream) => {
      const frames = createFrameStream(stream, { ...FRAME_LIMITS, isCorked: true, onFrame: (frame) => frames.send(frame), onEnd() {} })
    })
    ownChannel = openOwnChannel()
    ownChannel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => ownChannel.send(data)
  },
  measure: async (load: EchoLoad): Promise<EchoReading> => measureEcho(callEcho(), load),
  async measureLayer({ layer, load }: { layer: Layer; load: EchoLoad }): Promise<EchoReading> {
    await using stack = new AsyncDisposableStack()
    return await measureEcho(await LAYER_ECHOES[layer](stack), load)
  },
}

const LAYER_ECHOES: Readonly<Record<Layer, (stack: AsyncDisposableStack) => Echo | Promise<Echo>>> = {
  async 'data channel'() {
    ownChannel ??= openOwnChannel()
    if (ownChannel.readyState !== 'open') await new Promise((resolve) => ownChannel.addEventListener('open', resolve, { once: true }))
    const { echo, onMessage } = createMessageEcho((message) => ownChannel.send(encode(message) as Uint8Array<ArrayBuffer>))
    ownChannel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => onMessage(decode(data))
    return echo
  },
  /** Some messages may come as one: each is one line. */
  async stream(stack) {
    const stream = await openStream(STREAM_PROTOCOL, stack)
    const { echo, onMessage } = createMessageEcho((message) => stream.send(text.encode(`${JSON.stringify(message)}\n`)))
    let rest = ''
    stream.addEventListener('message', ({ data }) => {
      const lines = (rest + decoder.decode(data.subarray())).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) onMessage(JSON.parse(line) as [number, unknown])
    })
    return echo
  },
  async frames(stack) {
    const stream = await openStream(FRAMES_PROTOCOL, stack)
    const { echo, onMessage } = createMessageEcho((message) => frames.send(message as [number, EchoValue]))
    const onFrame = (frame: [number, ...unknown[]]) => onMessage(frame as [number, unknown])
    const frames = createFrameStream(stream, { ...FRAME_LIMITS, isCorked: true, onFrame, onEnd() {} })
    return echo
  },
  async channel(stack) {
    const channel = await room.channel(otherInstance(), 'echo')
    if (channel.way !== 'direct') throw new Error(`the channel is ${channel.way}`)
    stack.defer(() => channel.close())
    const { echo, onMessage } = createMessageEcho((message) => channel.postMessage(message as never))
    channel.onMessage((value) => onMessage(value as [number, unknown]))
    return echo
  },
  call: () => callEcho(),
}

function callEcho(): Echo {
  const target = room.get(otherInstance())
  return async (value: EchoValue) => {
    const [answer] = await target.message('echo', value).settled()
    if (answer === undefined || 'error' in answer) throw new Error(answer?.error.message ?? 'nobody answered')
    return answer.value
  }
}

function otherInstance(): string {
  const [other] = room.present()
  if (other === undefined) throw new Error('the other tab has left the room')
  return other.instance
}

/** On the connection that carries the calls. */
function openOwnChannel(): RTCDataChannel {
  const [connection] = rtcConnections.filter(({ connectionState }) => connectionState === 'connected')
  if (connection === undefined) throw new Error('no direct connection')
  const channel = connection.createDataChannel('bench', { negotiated: true, id: CHANNEL_ID })
  channel.binaryType = 'arraybuffer'
  return channel
}

async function openStream(protocol: string, stack: AsyncDisposableStack): Promise<Stream> {
  const connection: Connection | undefined = libp2p.connectionManager.getConnections().find((each) => connectionKind(each) === 'direct')
  if (connection === undefined) throw new Error('no direct connection')
  const stream = await connection.newStream(protocol)
  stack.defer(() => stream.abort(new Error('measured')))
  return stream
}

export type EchoTabPageCalls = typeof calls
answerCalls(calls)

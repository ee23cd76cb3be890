/** PeerJS as pages use it: a data connection whose other end sends back what it gets. */

import { createMessageEcho, type EchoLoad, type EchoReading, measureEcho } from '../echo-meter.ts'
import { answerCalls } from './bulk-page.ts'

/** The parts of PeerJS's face that are used here. */
interface Peer {
  on(event: 'open', listener: () => void): void
  on(event: 'connection', listener: (connection: DataConnection) => void): void
  on(event: 'error', listener: (error: Error) => void): void
  connect(id: string, options: object): DataConnection
}
interface DataConnection {
  on(event: 'open', listener: () => void): void
  on(event: 'data', listener: (data: unknown) => void): void
  on(event: 'error', listener: (error: Error) => void): void
  send(data: unknown): void
}

/** Served beside this page; a script of the old kind, which sets `Peer`. */
const SCRIPT = '/peerjs.js'

let peer: Peer
let connection: DataConnection

const calls = {
  async start({ id, port }: { id: string; port: number }): Promise<void> {
    await new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement('script'), { src: SCRIPT, onload: resolve, onerror: reject })
      document.head.append(script)
    })
    const { Peer } = globalThis as unknown as { Peer: new (id: string, options: object) => Peer }
    peer = new Peer(id, { host: '127.0.0.1', port, path: '/', secure: false, config: { iceServers: [] } })
    peer.on('connection', (opened) => opened.on('data', (data) => opened.send(data)))
    await new Promise<void>((resolve, reject) => {
      peer.on('open', resolve)
      peer.on('error', reject)
    })
  },
  async connect(id: string): Promise<void> {
    connection = peer.connect(id, { reliable: true })
    await new Promise<void>((resolve, reject) => {
      connection.on('open', resolve)
      connection.on('error', reject)
      peer.on('error', reject)
    })
  },
  async measure(load: EchoLoad): Promise<EchoReading> {
    const { echo, onMessage } = createMessageEcho((message) => connection.send(message))
    connection.on('data', (data) => onMessage(data as [number, unknown]))
    return measureEcho(echo, load)
  },
}

export type EchoPeerjsPageCalls = typeof calls
answerCalls(calls)

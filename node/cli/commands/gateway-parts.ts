/** What the commands need of `gateway/index.ts`, which `command.ts` alone knows and hands in. */

import type { Server } from 'node:http'
import type { IceServer, Inbox, Peer } from '../../index.ts'

export interface StoppableGateway {
  drain(): void
}

export interface HttpServer<Gateway> {
  readonly server: Server
  serve(gateway: Gateway): void
  listen(address: { port: number; host: string }): Promise<{ port: number }>
  stop(): Promise<void>
}

interface CommonOptions {
  publicUrl?: string
  token?: string
  version: string
  onEvent: (event: { type: 'request' | 'failed'; error?: unknown }) => void
}

export interface NodeGatewayOptions extends CommonOptions {
  peer: Peer
  assetsDir: string
  /** Of this node itself, when it receives. */
  inbox?: Inbox
  limits: { maxFetchesPerAddress?: number; maxBytesPerSecondPerAddress?: number }
  iceServers: readonly IceServer[]
}

export interface InboxGatewayOptions extends CommonOptions {
  inbox: Inbox
  /** Of a gateway that serves content: where a message leads whose body was too large to travel. */
  contentOrigin?: string
}

/** For a node. */
export interface GatewayParts<Gateway extends StoppableGateway> {
  createGatewayServer(options: { trustProxy: boolean }): HttpServer<Gateway>
  createGateway(options: NodeGatewayOptions): Gateway
}

/** For a receiver behind somebody else's node. */
export interface InboxParts<Gateway extends StoppableGateway> {
  createGatewayServer(options: { trustProxy: boolean }): HttpServer<Gateway>
  createInboxGateway(options: InboxGatewayOptions): Gateway
}

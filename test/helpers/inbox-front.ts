/** The face of a receiver by itself, in front of an inbox in memory, on its own real socket. It stops when the test ends. */

import { onTestFinished } from 'vitest'
import { createGatewayServer, createInboxGateway, type GatewayServerOptions, type InboxGatewayOptions } from '../../gateway/index.ts'
import { createMemoryInbox, type MemoryInbox } from './memory-inbox.ts'

export interface InboxFront {
  inbox: MemoryInbox
  port: number
  url: string
  /** Ends open streams. */
  close(): void
  /** Frees the port before the test ends. */
  stop(): Promise<void>
}

export async function startInbox(
  { openEnds, ...options }: Partial<InboxGatewayOptions> & { openEnds?: string[] } = {},
  serverOptions: GatewayServerOptions = {},
): Promise<InboxFront> {
  const inbox = createMemoryInbox(openEnds)
  const gateway = createInboxGateway({ inbox, version: '0.0.0-test', ...options })
  const server = createGatewayServer(serverOptions)
  server.serve(gateway)
  const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => server.stop())
  return { inbox, port, url: `http://127.0.0.1:${port}`, close: () => gateway.close(), stop: () => server.stop() }
}

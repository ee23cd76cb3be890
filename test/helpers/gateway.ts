/** A gateway in front of a peer of a test, on its own real socket, and requests to it exactly as they are written. */

import { type IncomingHttpHeaders, request } from 'node:http'
import { onTestFinished } from 'vitest'
import { createGateway, createGatewayServer, type GatewayOptions, type GatewayServer, type NodeGateway } from '../../gateway/index.ts'
import { type ClientAddress, type Peer, parseClientAddress } from '../../node/index.ts'

export interface TestGateway {
  gateway: NodeGateway
  server: GatewayServer
  port: number
  url: string
}

/** Not tied to a test: the caller stops its server. */
export async function startGateway(peer: Peer, options: Partial<GatewayOptions> = {}): Promise<TestGateway> {
  const gateway = createGateway({ peer, version: '0.0.0-test', ...options })
  const server = createGatewayServer()
  server.serve(gateway)
  const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
  return { gateway, server, port, url: `http://127.0.0.1:${port}` }
}

/** Stops when the test ends. */
export async function createTestGateway(peer: Peer, options: Partial<GatewayOptions> = {}): Promise<TestGateway> {
  const gateway = await startGateway(peer, options)
  onTestFinished(() => gateway.server.stop())
  return gateway
}

export interface Asked {
  method?: string
  headers?: Record<string, string>
  body?: string | Uint8Array
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  text: string
}

/** One request. The path goes out as it is, where `fetch` would make it regular; nothing is added but Host. */
export function ask(port: number, path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => {
        const bytes = Buffer.concat(chunks)
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: bytes, text: bytes.toString() })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Error code of a refusal, as programs read it. */
export function codeOf(answer: Answer): string {
  return JSON.parse(answer.text).error.code
}

/** A client of that IP address. */
export function clientAt(ip: string): ClientAddress {
  const address = parseClientAddress(ip)
  if (address === undefined) throw new TypeError(`${ip} is no address`)
  return address
}

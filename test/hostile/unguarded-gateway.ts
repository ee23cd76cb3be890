/**
 * The same gateway as if nothing guarded it: a proxy that takes away every header by which a held page is kept apart, the sandbox of the
 * viewer's frame, and every header by which the gateway recognizes the origin of a request. A probe that fails here would fail anywhere, and proves nothing.
 */

import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface UnguardedGatewayOptions {
  /** Port of the gateway behind, on this machine. */
  port: number
  /** Media types that are given to some paths, in place of the harmless ones. */
  types: Record<string, string>
}

export interface UnguardedGateway {
  readonly url: string
  stop(): Promise<void>
}

const WHO_ASKS = /^(?:origin|referer|sec-fetch-.*|upgrade-insecure-requests|service-worker|accept-encoding|cookie|if-none-match)$/
const GUARDS =
  /^(?:content-security-policy|x-content-type-options|x-frame-options|permissions-policy|referrer-policy|cross-origin-.*|etag)$/

export async function startUnguardedGateway({ port, types }: UnguardedGatewayOptions): Promise<UnguardedGateway> {
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? '/'
    const headers = { ...without(incoming.headers, WHO_ASKS), host: `localhost:${port}`, ...navigationOf(incoming) }
    const asking = request({ host: '127.0.0.1', port, path, method: incoming.method, headers }, async (answer) => {
      const type = types[path.replace(/\?.*/, '')] ?? answer.headers['content-type']
      const open = {
        ...without(answer.headers, GUARDS),
        'service-worker-allowed': '/',
        ...(type !== undefined && { 'content-type': type }),
      }
      if (!type?.startsWith('text/html')) {
        outgoing.writeHead(answer.statusCode ?? 502, open)
        answer.pipe(outgoing)
        return
      }
      const html = (await text(answer)).replace(/ sandbox="[^"]*"/g, '')
      outgoing.writeHead(answer.statusCode ?? 502, { ...open, 'content-length': Buffer.byteLength(html) })
      outgoing.end(html)
    })
    asking.on('error', () => outgoing.destroy())
    outgoing.on('close', () => asking.destroy())
    incoming.pipe(asking)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function without(headers: IncomingHttpHeaders, names: RegExp): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.test(name)))
}

/** Without Sec-Fetch-Dest only this header distinguishes a person's visit, and browsers send it with a frame's, too. */
function navigationOf({ headers }: IncomingMessage): { 'upgrade-insecure-requests'?: string } {
  return headers['sec-fetch-dest'] === 'document' ? { 'upgrade-insecure-requests': '1' } : {}
}

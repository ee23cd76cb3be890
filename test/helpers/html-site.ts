/** A site of one HTML page at a port of its own, so of an origin of its own, until the test ends. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface HtmlSite {
  readonly port: number
  readonly origin: string
  /** Called for each request, so that the page may name what is started after its site. */
  html: string
}

export async function serveHtml(html = ''): Promise<HtmlSite> {
  const server = createServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(site.html),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const site: HtmlSite = { port, origin: `http://127.0.0.1:${port}`, html }
  return site
}

/** The attacker's own server, of another origin than the app: it collects reports of probes and visits, and has pages of its own. */

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { waitFor } from '../helpers/wait-for.ts'
import type { Report } from './probe.ts'

export interface Collector {
  readonly url: string
  /** Reports of one scene, one for each probe that has ended. */
  reports(scene: string): Report[]
  /** Resolves with the reports of these probes. */
  waitForReports(scene: string, probes: readonly string[], timeoutMs: number): Promise<Report[]>
  /** Names of the probes that brought a window here: `/landed/<scene>/<probe>`. */
  landed(scene: string): string[]
  /** Serves HTML at a path from now on. */
  serve(path: string, html: string): string
  stop(): Promise<void>
}

export async function startCollector(): Promise<Collector> {
  const reports: Report[] = []
  const landings: string[] = []
  const pages = new Map<string, string>()

  const server = createServer(async (request, response) => {
    response.setHeader('access-control-allow-origin', '*')
    const { pathname } = new URL(request.url ?? '/', 'http://collector')
    if (pathname === '/report') reports.push(await readReport(request))
    if (pathname.startsWith('/landed/')) landings.push(decodeURIComponent(pathname.slice('/landed/'.length)))
    response.setHeader('content-type', 'text/html').end(pages.get(pathname) ?? 'heard')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const reportsOf = (scene: string) => reports.filter((report) => report.scene === scene)

  return {
    url,
    reports: reportsOf,
    async waitForReports(scene, probes, timeoutMs) {
      const missing = () => probes.filter((probe) => !reportsOf(scene).some((report) => report.probe === probe))
      await waitFor(
        () => missing().length === 0,
        timeoutMs,
        () => `reports of ${missing().join(', ')}; so far ${JSON.stringify(reportsOf(scene).filter(({ got }) => got !== null))}`,
      )
      return reportsOf(scene)
    },
    landed: (scene) => landings.filter((landing) => landing.startsWith(`${scene}/`)).map((landing) => landing.slice(scene.length + 1)),
    serve(path, html) {
      pages.set(path, html)
      return url + path
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function readReport(request: IncomingMessage): Promise<Report> {
  return JSON.parse(await text(request)) as Report
}

/** A node in this process that serves a build of the app at a port of its own, to be replaced there by one with a newer build. */

import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createGateway, createGatewayServer } from '../../gateway/index.ts'
import { startNode, type TestNode } from './network.ts'

const BUILT = fileURLToPath(new URL('../../browser/dist', import.meta.url))

export interface ServedBuild {
  url: string
  port: number
  build: string
  peer: TestNode['peer']
  stop(): Promise<void>
}

/** Not tied to a test: the caller stops it. */
export async function startServedBuild({ port = 0, assetsDir = BUILT } = {}): Promise<ServedBuild> {
  const server = createGatewayServer()
  const { connections, findJoinFault } = server
  const node = await startNode({ port, server: server.server, listener: { connections, findJoinFault } })
  const gateway = createGateway({ peer: node.peer, version: '0.0.0-test', assetsDir })
  server.serve(gateway)
  return {
    url: `http://127.0.0.1:${node.port}`,
    port: node.port,
    build: buildOf(assetsDir),
    peer: node.peer,
    async stop() {
      gateway.close()
      await node.stop()
    },
  }
}

/** The build of the app with another id, in which a part that is loaded later has another name. */
export function makeNewerBuild(): { directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'mayfly-newer-'))
  cpSync(BUILT, directory, { recursive: true })
  const part = readdirSync(join(directory, 'assets')).find((name) => /^people-view-.*\.js$/.test(name)) ?? ''
  const build = buildOf(BUILT)
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(?:js|html)$/.test(name)) continue
    const file = join(directory, name)
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(part, 'people-view-newer.js').replaceAll(build, 'aaaaaaaaaaaaaaaa'))
  }
  renameSync(join(directory, 'assets', part), join(directory, 'assets', 'people-view-newer.js'))
  return { directory, remove: () => rmSync(directory, { recursive: true }) }
}

function buildOf(directory: string): string {
  return /data-build="([0-9a-f]+)"/.exec(readFileSync(join(directory, 'index.html'), 'utf8'))?.[1] ?? ''
}

/** Systems whose ends answer each other: in pages of two browsers, or in two processes. */

import { readFile } from 'node:fs/promises'
import { openPages } from './bulk-pages.ts'
import type { EchoLoad, EchoReading } from './echo-meter.ts'
import { startNode } from './mayfly-network.ts'
import { installOther } from './others.ts'
import type { EchoChannelPageCalls } from './pages/echo-channel-page.ts'
import type { EchoPeerjsPageCalls } from './pages/echo-peerjs-page.ts'
import type { EchoTabPageCalls, Layer } from './pages/echo-tab-page.ts'
import type { EchoWebsocketPageCalls } from './pages/echo-websocket-page.ts'
import { startWorker } from './worker.ts'
import type { EchoCapnwebCalls } from './workers/echo-capnweb.ts'
import type { EchoNodeCalls } from './workers/echo-node.ts'
import type { PeerjsServerCalls } from './workers/peerjs-server.ts'
import type { SocketSwitchCalls } from './workers/socket-switch.ts'

/** One end of an open pair. */
export interface EchoEnd {
  measure(load: EchoLoad): Promise<EchoReading>
}

export async function startChannel(stack: AsyncDisposableStack): Promise<EchoEnd> {
  const [asking, answering] = await openPages<EchoChannelPageCalls>('echo-channel-page', stack)
  await asking.call('connect', await answering.call('accept', await asking.call('describe')))
  return { measure: (load) => asking.call('measure', load) }
}

export async function startPeerjs(stack: AsyncDisposableStack): Promise<EchoEnd> {
  const entry = await installOther('peerjs')
  const server = stack.use(await startWorker<PeerjsServerCalls>(new URL('workers/peerjs-server.ts', import.meta.url)))
  const { port, bundle } = await server.call('start', { entry })
  const files = new Map([['/peerjs.js', await readFile(bundle)]])
  const [asking, answering] = await openPages<EchoPeerjsPageCalls>('echo-peerjs-page', stack, files)
  await answering.call('start', { id: 'answering', port })
  await asking.call('start', { id: 'asking', port })
  await asking.call('connect', 'answering')
  return { measure: (load) => asking.call('measure', load) }
}

export const LAYERS: readonly Layer[] = ['data channel', 'stream', 'frames', 'channel', 'call']

/** Two tabs, and what carries their direct calls. */
export interface TabsEnd extends EchoEnd {
  /** Direct tabs only. */
  layers(): Promise<Record<Layer, EchoEnd>>
}

/** Two tabs of one home, in a room. @throws when they do not reach each other in that way */
export async function startTabs(wanted: 'direct' | 'relayed', stack: AsyncDisposableStack): Promise<TabsEnd> {
  const home = stack.use(await startNode({ startArguments: ['--allow-origin', '*'] }))
  const [asking, answering] = await openPages<EchoTabPageCalls>('echo-tab-page', stack)
  for (const page of [asking, answering]) await page.call('start', { gateway: home.url, isDirect: wanted === 'direct' })
  const way = await asking.call('meet', wanted)
  if (way !== wanted) throw new Error(`the tabs reach each other ${way}, not ${wanted}`)
  return {
    measure: (load) => asking.call('measure', load),
    async layers() {
      await answering.call('answerLayers')
      const ends = LAYERS.map((layer) => [layer, { measure: (load: EchoLoad) => asking.call('measureLayer', { layer, load }) }])
      return Object.fromEntries(ends) as Record<Layer, EchoEnd>
    },
  }
}

/** Two pages and one server between them, which reads nothing. */
export async function startWebsocket(stack: AsyncDisposableStack): Promise<EchoEnd> {
  const server = stack.use(await startWorker<SocketSwitchCalls>(new URL('workers/socket-switch.ts', import.meta.url)))
  const port = await server.call('serve')
  const [asking, answering] = await openPages<EchoWebsocketPageCalls>('echo-websocket-page', stack)
  await answering.call('connect', { port, isAnswering: true })
  await asking.call('connect', { port, isAnswering: false })
  return { measure: (load) => asking.call('measure', load) }
}

/** Two nodes in a room, each a process of its own. */
export async function startNodes(stack: AsyncDisposableStack): Promise<EchoEnd> {
  const start = async () => stack.use(await startWorker<EchoNodeCalls>(new URL('workers/echo-node.ts', import.meta.url)))
  const [asking, answering] = [await start(), await start()]
  const address = await answering.call('start', { join: [] })
  await asking.call('start', { join: [address] })
  for (const node of [asking, answering]) await node.call('meet')
  return { measure: (load) => asking.call('measure', load) }
}

export async function startCapnweb(stack: AsyncDisposableStack): Promise<EchoEnd> {
  const start = async () => stack.use(await startWorker<EchoCapnwebCalls>(new URL('workers/echo-capnweb.ts', import.meta.url)))
  const [asking, answering] = [await start(), await start()]
  await asking.call('connect', await answering.call('serve'))
  return { measure: (load) => asking.call('measure', load) }
}

/** Systems whose pages answer each other, in two browsers: a bare data channel, PeerJS, and calls of mayfly. */

import { readFile } from 'node:fs/promises'
import { openPages } from './bulk-pages.ts'
import type { EchoLoad, EchoReading } from './echo-meter.ts'
import { startNode } from './mayfly-network.ts'
import { installOther } from './others.ts'
import type { EchoChannelPageCalls } from './pages/echo-channel-page.ts'
import type { EchoPeerjsPageCalls } from './pages/echo-peerjs-page.ts'
import type { EchoTabPageCalls } from './pages/echo-tab-page.ts'
import { startWorker } from './worker.ts'
import type { PeerjsServerCalls } from './workers/peerjs-server.ts'

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

/** Two tabs of one home, in a room. @throws when they do not reach each other in that way */
export async function startTabs(wanted: 'direct' | 'relayed', stack: AsyncDisposableStack): Promise<EchoEnd> {
  const home = stack.use(await startNode({ startArguments: ['--allow-origin', '*'] }))
  const [asking, answering] = await openPages<EchoTabPageCalls>('echo-tab-page', stack)
  for (const page of [asking, answering]) await page.call('start', { gateway: home.url, isDirect: wanted === 'direct' })
  const way = await asking.call('meet', wanted)
  if (way !== wanted) throw new Error(`the tabs reach each other ${way}, not ${wanted}`)
  return { measure: (load) => asking.call('measure', load) }
}

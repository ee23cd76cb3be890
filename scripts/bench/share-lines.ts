/** Three receivers of one sender, all behind lines as people have them at home: how much faster they are than if the sender served one after the other. */

import type { BulkContent } from './bulk-content.ts'
import { type BulkTab, openSite } from './bulk-pages.ts'
import { openHomeLines } from './home-lines.ts'
import { startNode } from './mayfly-network.ts'
import type { ShareLink, ShareTabPageCalls } from './pages/share-tab-page.ts'

export interface LinesReading {
  /** Until one receiver has everything, alone; and until the last of three has that begin together. */
  oneMs: number
  threeMs: number
  /** How often the sender sent the content, while three received it. */
  copies: number
}

const RECEIVERS = 3

/** @param next makes further content of the same size @throws when this machine does not let us make such lines */
export async function measureLines(next: (mib: number) => BulkContent, mib: number, upload: string): Promise<LinesReading> {
  await using stack = new AsyncDisposableStack()
  const { host, programs } = openHomeLines(RECEIVERS + 1, upload, stack)
  const home = stack.use(await startNode({ startArguments: ['--host', host, '--allow-origin', '*'] }))
  const gateway = `http://${host}:${home.port}`
  const site = await openSite<ShareTabPageCalls>('share-tab-page', stack, new Map(), host)
  const [own, ...others] = await Promise.all(programs.map((program) => site.openBrowser({ program })))
  if (own === undefined) throw new TypeError('no line')
  const sender = await own.open()
  await sender.call('start', { gateway })
  const small = next(1)
  const reference = await sender.call('offer', small)
  const readers: BulkTab<ShareTabPageCalls>[] = []
  for (const browser of others) {
    const reader = await browser.open({ content: small, reference, gateway, hasFirstStage: false } satisfies ShareLink)
    await reader.call('opened')
    readers.push(reader)
  }
  const readBy = async (those: typeof readers) => {
    const content = next(mib)
    await sender.call('offer', content)
    const before = await sender.call('bytesGiven')
    const readings = await Promise.all(those.map((reader) => reader.call('read', { content })))
    return { ms: Math.max(...readings.map(({ ms }) => ms)), copies: ((await sender.call('bytesGiven')) - before) / content.size }
  }
  const one = await readBy(readers.slice(0, 1))
  const three = await readBy(readers)
  return { oneMs: one.ms, threeMs: three.ms, copies: three.copies }
}

/**
 * A waterfall of what a page that was opened by the link of a share does until its first byte: the scripts that it loads, its questions to the
 * gateway, its sockets, its direct connection, and the steps of the library. Each tab is new, in a browser of its own beside the sender's.
 *
 *   npm run show-first-byte
 *   ROUNDS=9 npm run show-first-byte     the round with the middle time is shown
 *   FIRST_STAGE=0 npm run show-first-byte     without the first stage
 */

import type { BulkContent } from './bench/bulk-content.ts'
import { openSite } from './bench/bulk-pages.ts'
import { startNode } from './bench/mayfly-network.ts'
import { watchPage } from './bench/page-watch.ts'
import type { ShareLink, ShareTabPageCalls } from './bench/pages/share-tab-page.ts'

const MIB = 1_048_576
const WIDTH = 60

interface Row {
  what: string
  fromMs: number
  toMs: number
}

const rounds = Number(process.env.ROUNDS ?? 5)
const readings: Row[][] = []
await using stack = new AsyncDisposableStack()
const home = stack.use(await startNode({ startArguments: ['--allow-origin', '*'] }))
const site = await openSite<ShareTabPageCalls>('share-tab-page', stack, undefined, undefined, home.url)
const sender = await (await site.openBrowser()).open()
await sender.call('start', { gateway: home.url })
const browser = await site.openBrowser({ prepare: watchPage })
for (let round = 0; round <= rounds; round++) {
  const content: BulkContent = { size: MIB, seed: round + 1 }
  const reference = await sender.call('offer', content)
  const reader = await browser.open({
    content,
    reference,
    gateway: home.url,
    hasFirstStage: process.env.FIRST_STAGE !== '0',
  } satisfies ShareLink)
  await reader.call('opened')
  if (round > 0) readings.push(await reader.call('timeline'))
  await reader.close()
}
const endOf = (rows: Row[]) => rows.find(({ what }) => what === 'first byte')?.toMs ?? Number.NaN
const sorted = readings.toSorted((a, b) => endOf(a) - endOf(b))
const rows = sorted[Math.floor(sorted.length / 2)] ?? []
const end = endOf(rows)
process.stdout.write(`First byte, ms: ${sorted.map((each) => endOf(each).toFixed(0)).join(' ')}\n`)
for (const { what, fromMs, toMs } of rows) {
  if (fromMs > end + 20) continue
  const [from, to] = [fromMs, Math.min(toMs, end)].map((ms) => Math.round((Math.max(0, ms) / end) * WIDTH)) as [number, number]
  const bar = `${' '.repeat(from)}${'━'.repeat(Math.max(1, to - from))}`.padEnd(WIDTH + 1)
  process.stdout.write(`${fromMs.toFixed(0).padStart(5)} ${toMs.toFixed(0).padStart(5)}  ${bar} ${what}\n`)
}

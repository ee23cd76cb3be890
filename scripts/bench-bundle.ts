/**
 * How large `mayfly/browser` is in somebody's page: a chat of some twenty lines, bundled and minified, and the module that a gateway serves.
 * The scripts that each needs before it runs are counted, and beside them those that it would load later, for content, sealed messages and
 * WebRTC.
 *
 *   npm run bench -- bundle
 */

import { type ByteSizes, bundleModule, bundlePage } from './bench/bundled-page.ts'
import { type Bench, runBench } from './bench/report.ts'

const CHAT = new URL('bench/pages/chat-page.ts', import.meta.url)
/**
 * The largest that the chat may be, in kB, gzip. Modules that it shares with code which is loaded later are files of their own, which compress less:
 * of 180 kB, that is 7.
 */
const BAR_KB = 180
/** Packages that are listed by themselves. */
const LISTED = 15

const kilobytes = (bytes: number) => (bytes / 1_000).toFixed(1)
const row = (what: string, { raw, gzip, brotli }: ByteSizes) => [what, ...[raw, gzip, brotli].map(kilobytes)]

await runBench('bundle', async (bench: Bench) => {
  const { needed, later, packages } = await bundlePage(CHAT)
  bench.table(
    'A chat with mayfly/browser, in kB',
    ['what', 'minified', 'gzip', 'brotli'],
    [row('needed to run', needed), row('loaded when used', later)],
  )
  const module = await bundleModule()
  bench.table(
    'The module of a gateway, /lib/mayfly.js, in kB',
    ['what', 'minified', 'gzip', 'brotli'],
    [row('needed to run', module.needed), row('loaded when used', module.later)],
  )
  const others = packages.slice(LISTED)
  bench.table(
    'In what is needed, before it is minified, in kB',
    ['package', 'kB'],
    [
      ...packages.slice(0, LISTED).map(([name, bytes]) => [name, kilobytes(bytes)]),
      [`${others.length} others`, kilobytes(others.reduce((sum, [, bytes]) => sum + bytes, 0))],
    ],
  )
  bench.judge({
    what: 'a chat with mayfly/browser, gzip',
    reading: needed.gzip,
    as: (bytes) => `${kilobytes(bytes)} kB`,
    under: BAR_KB * 1_000,
  })
})

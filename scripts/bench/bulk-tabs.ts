/** The systems that carry large content between pages of Chromium: a bare data channel, WebTorrent, and mayfly's tabs. */

import { readFile } from 'node:fs/promises'
import type { Carrier, System } from './bulk-carrier.ts'
import { openPages } from './bulk-pages.ts'
import { startNode } from './mayfly-network.ts'
import { installOther } from './others.ts'
import type { ChannelPageCalls } from './pages/channel-page.ts'
import type { TabPageCalls } from './pages/tab-page.ts'
import type { TorrentPageCalls } from './pages/torrent-page.ts'
import { ioBytesOf } from './process-stat.ts'
import { startWorker } from './worker.ts'
import type { BulkTrackerCalls } from './workers/bulk-tracker.ts'

/** Less than this share of the content is signalling: the content took another way. */
const SIGNALLING_SHARE = 0.01

export const TAB_SYSTEMS: readonly System[] = [
  ...[16, 64].map(
    (kib): System => ({
      name: `RTCDataChannel, ${kib} KiB messages`,
      kind: 'base',
      runs: 'chromium',
      check: 'SHA-256 of pieces by the reader, in a thread',
      start: (stack) => startChannel(kib * 1_024, stack),
    }),
  ),
  { name: 'WebTorrent, WebRTC', kind: 'peer', runs: 'chromium', start: startTorrent, check: 'its own: SHA-1 of pieces' },
  { name: 'mayfly, tab → tab', kind: 'own', runs: 'chromium', start: startTabs, check: 'its own: SHA-256 of pieces and whole' },
]

async function startChannel(messageBytes: number, stack: AsyncDisposableStack): Promise<Carrier> {
  const [sender, reader] = await openPages<ChannelPageCalls>('channel-page', stack)
  const answer = await reader.call('accept', await sender.call('describe'))
  await sender.call('connect', answer)
  return {
    ...endsOf(sender, reader),
    offer: (content) => sender.call('offer', content),
    read: (content, reference) => reader.call('read', { content, reference, messageBytes }),
  }
}

/** Two clients that know the torrent, and meet by a tracker once one of them requests it. */
async function startTorrent(stack: AsyncDisposableStack): Promise<Carrier> {
  const entry = await installOther('webtorrent')
  const tracker = stack.use(await startWorker<BulkTrackerCalls>(new URL('workers/bulk-tracker.ts', import.meta.url)))
  const { bundle } = await tracker.call('start', { entry })
  const [sender, reader] = await openPages<TorrentPageCalls>('torrent-page', stack, new Map([['/webtorrent.js', await readFile(bundle)]]))
  for (const page of [sender, reader]) await page.call('start')
  return {
    ...endsOf(sender, reader),
    async offer(content) {
      const torrent = await tracker.call('makeTorrent', content)
      await sender.call('offer', { ...content, torrent })
      return torrent
    },
    read: (content, reference) => reader.call('read', { content, reference }),
  }
}

/** Both tabs have the same home. Its reads and writes show whether it carries the content. */
async function startTabs(stack: AsyncDisposableStack): Promise<Carrier> {
  const home = stack.use(await startNode())
  const [sender, reader] = await openPages<TabPageCalls>('tab-page', stack)
  for (const page of [sender, reader]) await page.call('start', { gateway: home.url })
  return {
    ...endsOf(sender, reader),
    offer: (content) => sender.call('offer', content),
    async read(content, reference) {
      const before = ioBytesOf(home.pid)
      const reading = await reader.call('read', { content, reference })
      const share = (ioBytesOf(home.pid) - before) / content.size
      return { ...reading, way: share < SIGNALLING_SHARE ? 'direct' : 'through the home' }
    },
  }
}

function endsOf(sender: { processes(): number[] }, reader: { processes(): number[] }): Pick<Carrier, 'senders' | 'readers'> {
  return { senders: () => sender.processes(), readers: () => reader.processes() }
}

/** Systems by which a tab gives a file to those who have its link: mayfly's shares, PeerJS as FilePizza uses it, WebTorrent, a bare data channel. */

import { readFile } from 'node:fs/promises'
import type { BulkContent } from './bulk-content.ts'
import type { BulkReading } from './bulk-meter.ts'
import { openSite } from './bulk-pages.ts'
import { startNode } from './mayfly-network.ts'
import { installOther } from './others.ts'
import type { PageCalls } from './pages/bulk-page.ts'
import type { ChannelPageCalls } from './pages/channel-page.ts'
import type { SharePeerjsPageCalls } from './pages/share-peerjs-page.ts'
import type { ShareLink, ShareTabPageCalls } from './pages/share-tab-page.ts'
import type { TorrentPageCalls } from './pages/torrent-page.ts'
import { startWorker } from './worker.ts'
import type { BulkTrackerCalls } from './workers/bulk-tracker.ts'
import type { PeerjsServerCalls } from './workers/peerjs-server.ts'

/** A tab that was opened by a link, in a browser of its own. */
export interface LinkReader {
  /** The content of the link, counted from when the link was opened. */
  opened(): Promise<BulkReading>
  /** Connects it with the sender as well as it can be, where reading the first content has not. */
  connect?(): Promise<void>
  /** Further content of the same sender, counted from asking for it. */
  read(content: BulkContent, reference: string): Promise<BulkReading>
  close(): Promise<void>
}

export interface ShareCarrier {
  /** Makes the content ready to be read. Resolves with what its readers have to know. */
  offer(content: BulkContent): Promise<string>
  /** Opens the link in a tab, which reads the content at once. */
  open(browser: number, content: BulkContent, reference: string): Promise<LinkReader>
}

export interface ShareSystem {
  name: string
  check: string
  /** Starts a browser for the sender, and one for each reader. */
  start(readers: number, stack: AsyncDisposableStack): Promise<ShareCarrier>
}

const CHANNEL_MESSAGE_BYTES = 65_536

export const SHARE_SYSTEMS = {
  channel: { name: 'bare RTCDataChannel', check: 'SHA-256 of pieces, in a thread', start: startChannel },
  peerjs: { name: 'PeerJS, as FilePizza', check: 'none', start: startPeerjs },
  torrent: { name: 'WebTorrent', check: 'SHA-1 of pieces', start: startTorrent },
  mayfly: { name: 'mayfly, a share', check: 'SHA-256 of pieces, AES-GCM; into OPFS', start: startShare },
} as const satisfies Record<string, ShareSystem>

async function openBrowsers<C extends PageCalls>(
  module: string,
  readers: number,
  stack: AsyncDisposableStack,
  files?: ReadonlyMap<string, Uint8Array | string>,
  gateway?: string,
) {
  const site = await openSite<C>(module, stack, files, undefined, gateway)
  const sender = await (await site.openBrowser()).open()
  const browsers = await Promise.all(Array.from({ length: readers }, () => site.openBrowser()))
  const open = async (browser: number, link?: object) => {
    const found = browsers[browser]
    if (found === undefined) throw new Error(`There is no browser ${browser}`)
    return found.open(link)
  }
  return { sender, open }
}

/** Has no links: the pages are introduced to each other by hand. */
async function startChannel(readers: number, stack: AsyncDisposableStack): Promise<ShareCarrier> {
  const { sender, open } = await openBrowsers<ChannelPageCalls>('channel-page', readers, stack)
  return {
    offer: (content) => sender.call('offer', content),
    async open(browser, content, reference) {
      const tab = await open(browser)
      await sender.call('connect', await tab.call('accept', await sender.call('describe')))
      const read = (content: BulkContent, reference: string) =>
        tab.call('read', { content, reference, messageBytes: CHANNEL_MESSAGE_BYTES })
      const opened = read(content, reference)
      return { opened: () => opened, read, close: tab.close }
    },
  }
}

async function startPeerjs(readers: number, stack: AsyncDisposableStack): Promise<ShareCarrier> {
  const entry = await installOther('peerjs')
  const server = stack.use(await startWorker<PeerjsServerCalls>(new URL('workers/peerjs-server.ts', import.meta.url)))
  const { port, bundle } = await server.call('start', { entry })
  const files = new Map([['/peerjs.js', await readFile(bundle)]])
  const { sender, open } = await openBrowsers<SharePeerjsPageCalls>('share-peerjs-page', readers, stack, files)
  const id = await sender.call('start', { port })
  return {
    offer: async () => id,
    async open(browser, content, reference) {
      const tab = await open(browser, { content, reference, port })
      return { opened: () => tab.call('opened'), read: (next) => tab.call('read', { content: next }), close: tab.close }
    },
  }
}

/** The .torrent file is in the link, so that its reader need not ask for it. */
async function startTorrent(readers: number, stack: AsyncDisposableStack): Promise<ShareCarrier> {
  const entry = await installOther('webtorrent')
  const tracker = stack.use(await startWorker<BulkTrackerCalls>(new URL('workers/bulk-tracker.ts', import.meta.url)))
  const { bundle } = await tracker.call('start', { entry })
  const files = new Map([['/webtorrent.js', await readFile(bundle)]])
  const { sender, open } = await openBrowsers<TorrentPageCalls>('torrent-page', readers, stack, files)
  await sender.call('start')
  return {
    async offer(content) {
      const torrent = await tracker.call('makeTorrent', content)
      await sender.call('offer', { ...content, torrent })
      return torrent
    },
    async open(browser, content, reference) {
      const tab = await open(browser, { content, reference })
      return {
        opened: () => tab.call('opened'),
        read: (next, torrent) => tab.call('read', { content: next, reference: torrent }),
        close: tab.close,
      }
    },
  }
}

/** Content by which a tab is connected directly, in all; after those of the benchmark. */
let warmSeed = 1_000_000
const MAX_TRIES = 50

async function startShare(readers: number, stack: AsyncDisposableStack): Promise<ShareCarrier> {
  const home = stack.use(await startNode({ startArguments: ['--allow-origin', '*'] }))
  const { sender, open } = await openBrowsers<ShareTabPageCalls>('share-tab-page', readers, stack, undefined, home.url)
  await sender.call('start', { gateway: home.url })
  return {
    offer: (content) => sender.call('offer', content),
    async open(browser, content, reference) {
      const tab = await open(browser, { content, reference, gateway: home.url } satisfies ShareLink)
      let isDirect = false
      /** The first pieces come through the gateway: what is read later is counted once the tabs are connected directly. */
      const connect = async () => {
        for (let tries = 0; !isDirect; tries++) {
          if (tries === MAX_TRIES) throw new Error('The tabs did not connect directly')
          const small: BulkContent = { size: content.size, seed: ++warmSeed }
          await sender.call('offer', small)
          isDirect = (await tab.call('read', { content: small })).way === 'direct'
        }
      }
      const read = async (next: BulkContent): Promise<BulkReading> => {
        const { way, ...rest } = await tab.call('read', { content: next })
        if (way !== 'direct') throw new Error(`The bytes came ${way}`)
        return rest
      }
      return {
        opened: () => tab.call('opened'),
        connect,
        read,
        close: tab.close,
      }
    },
  }
}

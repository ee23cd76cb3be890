/** A share whose tabs are hidden, each behind another tab of its window: how fast its bytes go then. */

import type { BulkContent } from './bulk-content.ts'
import type { BulkReading } from './bulk-meter.ts'
import { openSite } from './bulk-pages.ts'
import { startChromium } from './devtools.ts'
import { startNode } from './mayfly-network.ts'
import type { ShareLink, ShareTabPageCalls } from './pages/share-tab-page.ts'
import { p50 } from './samples.ts'
import { waitUntil } from './wait.ts'

/** As that of other benchmarks: pages find each other by address. */
const FLAGS = ['--disable-features=WebRtcHideLocalIpsWithMdns']
const LINK_MIB = 1
const READY_MS = 60_000

/** Rates in bytes per ms, by which tabs are hidden. */
export interface HiddenRates {
  shown: number
  senderHidden: number
  receiverHidden: number
}

/** @param next content that was not read before, of so many MiB */
export async function measureHidden(next: (mib: number) => BulkContent, mib: number, rounds: number): Promise<HiddenRates> {
  await using stack = new AsyncDisposableStack()
  const { read } = await openHiddenShare(stack, next)
  const rates = { shown: [] as number[], senderHidden: [] as number[], receiverHidden: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    rates.shown.push(await read([], mib))
    rates.senderHidden.push(await read(['sender'], mib))
    rates.receiverHidden.push(await read(['receiver'], mib))
  }
  return { shown: p50(rates.shown), senderHidden: p50(rates.senderHidden), receiverHidden: p50(rates.receiverHidden) }
}

/** Of a share's two tabs. */
export type ShareSide = 'sender' | 'receiver'

/** A share from one tab to another, each of which can be hidden. @param next as `measureHidden` */
export async function openHiddenShare(stack: AsyncDisposableStack, next: (mib: number) => BulkContent) {
  const home = stack.use(await startNode({ startArguments: ['--allow-origin', '*'] }))
  const site = await openSite<ShareTabPageCalls>('share-tab-page', stack)
  const sender = await openHiddenTab(stack, site.addressOf())
  await sender.call('start', { gateway: home.url })
  const first = next(LINK_MIB)
  const reference = await sender.call<string>('offer', first)
  const link = { content: first, reference, gateway: home.url, hasFirstStage: false } satisfies ShareLink
  const receiver = await openHiddenTab(stack, site.addressOf(link))
  await receiver.call('opened')

  const hide = async (hidden: readonly ShareSide[]) => {
    await sender.show(!hidden.includes('sender'))
    await receiver.show(!hidden.includes('receiver'))
  }
  return {
    hide,
    /** @returns bytes per ms, of so many MiB, with these tabs hidden */
    async read(hidden: readonly ShareSide[], mib: number): Promise<number> {
      await hide(hidden)
      const content = next(mib)
      await sender.call('offer', content)
      const { ms } = await receiver.call<BulkReading>('read', { content })
      return content.size / ms
    },
  }
}

/** A tab with another one beside it in the window of a browser of its own. */
async function openHiddenTab(stack: AsyncDisposableStack, url: string) {
  const browser = stack.use(await startChromium(FLAGS))
  const other = await browser.openTab('about:blank')
  const tab = await browser.openTab(url)
  await waitUntil(() => tab.evaluate<boolean>('globalThis.benchCalls !== undefined'), READY_MS, 'the page')
  return {
    call: <T>(name: keyof ShareTabPageCalls, argument?: object) =>
      tab.evaluate<T>(`benchCalls.${name}(${argument === undefined ? '' : JSON.stringify(argument)})`),
    /** Resolves when the page itself knows. */
    async show(isShown: boolean): Promise<void> {
      await (isShown ? tab : other).show()
      const expected = isShown ? 'visible' : 'hidden'
      await waitUntil(async () => (await tab.evaluate('document.visibilityState')) === expected, READY_MS, `the tab is ${expected}`)
    },
  }
}

/** A receiver's tab that is reloaded at half of the content: how much it fetches again. */

import type { BulkContent } from './bulk-content.ts'
import { openSite } from './bulk-pages.ts'
import { startNode } from './mayfly-network.ts'
import type { ShareLink, ShareTabPageCalls } from './pages/share-tab-page.ts'
import { waitUntil } from './wait.ts'

const HALF_MS = 600_000

/** The share of the content that travelled more than once, as its sender counts it. */
export async function measureReload(content: BulkContent): Promise<number> {
  await using stack = new AsyncDisposableStack()
  const home = stack.use(await startNode({ startArguments: ['--allow-origin', '*'] }))
  const site = await openSite<ShareTabPageCalls>('share-tab-page', stack)
  const [sender, browser] = [await (await site.openBrowser()).open(), await site.openBrowser()]
  await sender.call('start', { gateway: home.url })
  const reference = await sender.call('offer', content)
  const reader = await browser.open({ content, reference, gateway: home.url } satisfies ShareLink)
  await waitUntil(async () => (await reader.call('bytesHere')) >= content.size / 2, HALF_MS, 'half is there')
  await reader.reload()
  await reader.call('opened')
  return (await sender.call('bytesGiven')) / content.size - 1
}

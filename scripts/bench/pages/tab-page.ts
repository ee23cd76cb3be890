/** A tab as the app starts it, with all that the app gives its peer; without the app's views and its files. */

import { PeerSession } from '../../../browser/peer/peer-session.ts'
import { decodeKeyHex, encodeKeyHex } from '../../../node/index.ts'
import { type BulkContent, bulkSource } from '../bulk-content.ts'
import { type BulkReading, startBulkMeter } from '../bulk-meter.ts'
import { answerCalls } from './bulk-page.ts'

const JOIN_MS = 30_000

let session: PeerSession

const calls = {
  async start({ gateway }: { gateway: string }): Promise<void> {
    session = new PeerSession(gateway, () => import('../../../browser/peer/peer-library.ts'))
    await session.start()
    await session.joined({ signal: AbortSignal.timeout(JOIN_MS) })
  },
  async offer(content: BulkContent): Promise<string> {
    const peer = await session.peer()
    const { key, outline } = await peer.content.hold(bulkSource(content))
    return `${encodeKeyHex(key)}?o=${outline === undefined ? '' : encodeKeyHex(outline)}`
  },
  async read({ content, reference }: { content: BulkContent; reference: string }): Promise<BulkReading> {
    const peer = await session.peer()
    const [key = '', outline = ''] = reference.split('?o=')
    const meter = startBulkMeter(content)
    const opened = await peer.content.open(decodeKeyHex(key), { outline: decodeKeyHex(outline) })
    for await (const bytes of opened.read()) meter.take(bytes)
    return meter.end()
  },
}

export type TabPageCalls = typeof calls
answerCalls(calls)

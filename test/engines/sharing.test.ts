/** The pages to share and to receive, from one engine to the next: listed, received after a reload, saved, and said on both sides; and the first stage. */

import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { memorySource } from '../../node/index.ts'
import type { ShareItem } from '../../node/sharing/types.ts'
import { startTab } from '../helpers/early-receiver.ts'
import { DOWNLOADED, LONG_MS, sha256, shareAcross, shown, WATCH_DOWNLOADS } from '../helpers/engine-share.ts'
import { ENGINES, openEngine, sees } from '../helpers/engines.ts'
import { useNode } from '../helpers/one-node.ts'
import { startSocketGate } from '../helpers/socket-gate.ts'
import { waitFor } from '../helpers/wait-for.ts'

const node = useNode()

describe.each(ENGINES)('engines: a share in %s', (engine) => {
  const next = ENGINES[(ENGINES.indexOf(engine) + 1) % ENGINES.length] as typeof engine

  test(`is received in ${next}, also after a reload`, async (context) => {
    const [ann, ben] = await Promise.all([openEngine(engine, context), openEngine(next, context)])
    await shareAcross(node.url, ann, ben)
  })
  test('has its list and what it takes over its first stage, before its page has a peer', async (context) => {
    const ben = await openEngine(engine, context)
    const gate = await startSocketGate(node.port)
    const sharer = await startTab(node.url)
    const files = { 'small.bin': randomBytes(7), 'large.bin': randomBytes(5 * 1_048_576) }
    const items = Object.entries(files).map(([path, bytes]): ShareItem => ({ kind: 'file', path, source: memorySource(bytes) }))
    const share = await sharer.sharing.share(items)
    await waitFor(() => share.entries.every(({ state }) => state === 'ready'), LONG_MS, 'its files are read')
    await ben.goto(gate.url + share.path)
    await sees(ben, shown('share-state', '[data-state="listed"]'), LONG_MS)
    await ben.evaluate(WATCH_DOWNLOADS)
    await ben.click('[data-testid="receive"]')
    const saved = `document.querySelector('[data-testid="entry"][data-phase="saved"]')?.innerText.includes('small.bin')`
    await sees(ben, saved, LONG_MS)
    await waitFor(() => gate.held > 0, LONG_MS, 'the page makes its peer')
    expect([gate.firstStages, share.receivers.map(({ state }) => state)]).toEqual([1, ['receiving']])
    gate.open()
    await sees(ben, shown('receive-progress', '[data-complete="true"]'), LONG_MS)
    expect(new Set(await ben.evaluate<string[]>(DOWNLOADED))).toEqual(new Set(Object.values(files).map(sha256)))
    expect([gate.firstStages, share.receivers.length]).toEqual([1, 1])
  })
})

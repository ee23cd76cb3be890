/** When a page that receives a share loads its peer: behind what its person waits for. */

import { expect, onTestFinished, test, vi } from 'vitest'
import { EARLY_SHARE_DEFAULTS, receiveEarly } from '../../../node/sharing/receiver/early-share.ts'
import { carryVisit } from '../../helpers/carry-visit.ts'
import { createMemoryStore } from '../../helpers/share-store.ts'
import { createShareWorld, file, untilState } from '../../helpers/share-world.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const { afterListMs, afterTakeMs, afterPieceMs } = EARLY_SHARE_DEFAULTS

/** A page that sees the list; the time stands still. */
async function openList() {
  const world = createShareWorld()
  const [sharer, gateway] = [await world.join('sharer'), await world.join('gateway')]
  const share = await sharer.share([file('a'), file('b')])
  await waitFor(() => share.entries.every(({ state }) => state === 'ready'), 20_000, 'its files are read')
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const load = vi.fn(() => new Promise<never>(() => {}))
  const received = receiveEarly(share.path, {}, { openCarrier: (id) => carryVisit(gateway, id), openSharing: load })
  onTestFinished(async () => {
    vi.useRealTimers()
    await received.close()
    for (const peer of [gateway, sharer]) await peer.stop()
  })
  await untilState(received, 'listed')
  return { received, load, fetch: (id: number) => received.fetch(id, async (shape) => createMemoryStore(shape)) }
}

/** The peer is loaded that long after what has just happened, and not sooner. */
function expectLoaded(load: ReturnType<typeof vi.fn>, ms: number): void {
  vi.advanceTimersByTime(ms - 1)
  expect(load).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(load).toHaveBeenCalledOnce()
}

test('the peer is loaded a moment after the list, where nothing is taken', async () => {
  const { load } = await openList()
  expectLoaded(load, afterListMs)
})

test('what is taken comes before the peer, which is loaded after a while though no piece comes', async () => {
  const { received, load } = await openList()
  await received.take()
  expectLoaded(load, afterTakeMs)
})

test('the page uses the first piece before the peer is loaded, which the pieces behind it do not put off', async () => {
  const { received, load, fetch } = await openList()
  await received.take()
  await fetch(1)
  vi.advanceTimersByTime(afterPieceMs - 1)
  await fetch(2)
  expectLoaded(load, 1)
})

import { expect, it } from 'vitest'
import { Cell } from '../../../browser/cell.ts'
import type { HolderCounts } from '../../../browser/holding/holder-counts.ts'
import type { Holdings } from '../../../browser/holding/holdings.ts'
import type { PeerSession } from '../../../browser/peer/peer-session.ts'
import { PrivateVisit } from '../../../browser/visit/private-visit.ts'

it('a visit is offline when the library cannot be loaded, also before the peer has failed', async () => {
  const failure = new TypeError('Failed to fetch dynamically imported module')
  const peer = Promise.withResolvers<never>()
  const session = { library: () => Promise.reject(failure), peer: () => peer.promise } as unknown as PeerSession
  const holdings = { pages: new Cell([]) } as unknown as Holdings
  const counts = { counts: new Cell(new Map()), follow: () => () => {} } as unknown as HolderCounts
  const screen = { showRaw() {}, clearUnlessLoaded() {}, showText() {}, showLocal() {}, showBlob() {}, clear() {} }
  const visit = new PrivateVisit({
    route: { view: 'page', hash: 'ab'.repeat(32), secret: 'key' },
    session,
    holdings,
    counts,
    screen,
    keep() {},
  })
  visit.start()
  await new Promise((resolve) => setImmediate(resolve))
  expect(visit.state.get()).toBe('looking')
  peer.reject(failure)
  await expect.poll(() => visit.state.get()).toBe('offline')
  visit.end()
})

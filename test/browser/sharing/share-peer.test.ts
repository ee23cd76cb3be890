/** The peer by which a tab shares: what could not be loaded or started is tried again, and leaves nothing behind. */

import { expect, test, vi } from 'vitest'
import { PeerSession } from '../../../browser/peer/peer-session.ts'
import type { PeerLibrary } from '../../../browser/peer/types.ts'
import { SharePeer } from '../../../browser/sharing/share-peer.ts'

const GATEWAY = 'http://127.0.0.1:9'

test('code that could not be loaded is loaded again by the next call, and once when it could', async () => {
  const library = {} as PeerLibrary
  const load = vi.fn(async () => library).mockRejectedValueOnce(new TypeError('Failed to fetch dynamically imported module'))
  const session = new PeerSession(GATEWAY, load)
  await expect(session.library()).rejects.toThrow('Failed to fetch')
  expect([await session.library(), await session.library()]).toEqual([library, library])
  expect(load).toHaveBeenCalledTimes(2)
})

test('a peer that does not start is stopped, and the next call makes another one', async () => {
  const sharing = {}
  const stop = vi.fn(async () => {})
  const start = vi.fn(async () => {}).mockRejectedValueOnce(new Error('No room for it'))
  const createTab = vi.fn(async () => ({ start, stop, sharing, onEvent: () => {}, joined: () => new Promise(() => {}) }))
  const library = { createTab, preloadTab() {}, pieceRequest: {} } as unknown as PeerLibrary
  const peer = new SharePeer(new PeerSession(GATEWAY, async () => library), GATEWAY, () => {})
  await expect(peer.open()).rejects.toThrow('No room for it')
  expect(stop).toHaveBeenCalledOnce()
  expect(await peer.open()).toBe(sharing)
  expect([createTab.mock.calls.length, stop.mock.calls.length]).toEqual([2, 1])
})

import { KEEP_ALIVE, type PeerId } from '@libp2p/interface'
import { expect, test } from 'vitest'
import { mergeWithoutKeepAlive } from '../../node/network/keep-alive.ts'
import { createSeededPeer } from '../helpers/seeded-peer.ts'

test('keep-alive: kad-dht tags servers, but with nothing for which libp2p dials them again', async () => {
  const { peer } = await createSeededPeer(1)
  const merged: [PeerId, object, ...unknown[]][] = []
  const merge = mergeWithoutKeepAlive({ merge: async (...asked: [PeerId, object, ...unknown[]]) => void merged.push(asked) })
  const options = { signal: AbortSignal.timeout(1_000) }
  await merge(peer, { tags: { 'kad-close': { value: 50 }, [`${KEEP_ALIVE}-kad-dht`]: { value: 1 } } }, options)
  await merge(peer, { multiaddrs: [] } as object)
  expect(merged).toEqual([
    [peer, { tags: { 'kad-close': { value: 50 } } }, options],
    [peer, { multiaddrs: [] }],
  ])
})

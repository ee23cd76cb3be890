/** Twenty record nodes made to be nearest to the content's key, which all deny its holders. */

import { peerIdFromString } from '@libp2p/peer-id'
import { expect, onTestFinished, test } from 'vitest'
import { sha256 } from '../../node/keys/index.ts'
import { type Denier, grindKeysNear, startDenier } from '../helpers/denier.ts'
import { createNetwork } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

test('deniers: twenty liars nearest to a key among twenty-four honest nodes cannot make it vanish', async () => {
  const network = await createNetwork({ nodes: 24, limits: { maxCacheBytes: 0 } })
  const [home] = network.nodes
  if (!home) throw new Error('nodes')
  const addresses = network.nodes.map(({ address }) => address)
  const page = new TextEncoder().encode('what twenty neighbours deny')
  const key = await sha256(page)
  const honest = network.nodes.map(({ peer }) => peerIdFromString(peer.id).toMultihash().bytes)
  const deniers: Denier[] = []
  onTestFinished(async () => void (await Promise.all(deniers.map((denier) => denier.stop()))))
  // One after another: four hundred and eighty handshakes at once in one process all take longer than a dial may, and begin anew.
  for (const privateKey of await grindKeysNear(key, 20, honest)) {
    const denier = await startDenier(privateKey, addresses)
    deniers.push(denier)
    await waitFor(() => denier.connections >= addresses.length, 30_000, 'the denier is connected to every honest node')
  }
  await waitFor(
    // 23 other honest ones, and all deniers but a few: more neighbours of the key than a bucket of the table has room for are left out.
    () => network.nodes.every(({ peer }) => peer.status().counts.servers >= 40),
    60_000,
    () => `deniers are in every table: ${network.nodes.map(({ peer }) => peer.status().counts.servers).join(' ')}`,
  )
  const author = await network.addTab(home)
  await author.content.hold(page)
  await waitFor(() => home.peer.status().counts.leases === 1, 30_000, 'the home has the lease')

  let right = 0
  for (let i = 0; i < 100; i++) {
    const reader = network.nodes[i % network.nodes.length]
    if (reader === undefined) throw new Error('a reader')
    const got = await reader.peer.content.get(key, { signal: AbortSignal.timeout(30_000) }).catch(() => undefined)
    if (got !== undefined && new TextDecoder().decode(got.bytes) === 'what twenty neighbours deny') right++
  }
  expect(deniers.reduce((sum, { denied }) => sum + denied, 0)).toBeGreaterThan(100)
  expect(right).toBeGreaterThanOrEqual(99)
}, 300_000)

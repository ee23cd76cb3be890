/** The DHT client of a tab, against nodes whose DHT is kad-dht itself. */

import { expect, test } from 'vitest'
import { createNetwork } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

test('a tab asks the DHT for servers besides its home, and knows and is connected to four', async () => {
  const network = await createNetwork({ nodes: 6 })
  const tab = await network.addTab(network.nodes[0])
  const { counts } = tab.status()
  expect(counts.servers).toBeGreaterThanOrEqual(1)
  await waitFor(
    () => tab.status().counts.servers >= 4,
    25_000,
    () => `the tab knows four servers: ${tab.status().counts.servers}`,
  )
  expect(tab.status().counts.connections).toBeLessThanOrEqual(5)
})

test('a tab moves to a server that it has found, when its home goes', async () => {
  const network = await createNetwork({ nodes: 3 })
  const tab = await network.addTab(network.nodes[0])
  await waitFor(() => tab.status().counts.servers === 3, 25_000, 'the tab knows all three')
  const home = tab.status().home
  await network.nodes.find(({ peer }) => peer.id === home)?.stop()
  await waitFor(() => tab.status().home !== undefined && tab.status().home !== home, 25_000, 'the tab has another home')
  const { key } = await tab.content.hold('still here')
  const other = network.nodes.find(({ peer }) => peer.id !== home)
  expect(new TextDecoder().decode((await other?.peer.content.get(key))?.bytes)).toBe('still here')
})

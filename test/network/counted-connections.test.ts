/** A node's connections are counted, and listed only where there are too many. */

import type { Connection, MultiaddrConnection } from '@libp2p/interface'
import { expect, onTestFinished, test } from 'vitest'
import { countConnections } from '../../node/network/kad-dht.ts'
import { startRawPeer } from '../helpers/raw-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

function createManager(maxConnections: number) {
  const events = new EventTarget()
  const open: Connection[] = []
  let lists = 0
  let pruned = 0
  const manager = {
    getMaxConnections: () => maxConnections,
    getConnections() {
      lists++
      return open
    },
    getConnectionsMap: () => new Map(),
    acceptIncomingConnection: (_: MultiaddrConnection) => manager.getConnections().length < maxConnections,
    connectionPruner: {
      async _maybePruneConnections() {
        pruned++
      },
    },
  }
  countConnections(manager, { events: events as never })
  const tell = (type: string, connection: Connection) => events.dispatchEvent(new CustomEvent(type, { detail: connection }))
  return {
    lists: () => lists,
    pruned: () => pruned,
    accept: () => manager.acceptIncomingConnection({} as MultiaddrConnection),
    prune: () => manager.connectionPruner._maybePruneConnections(),
    add(status = 'open') {
      const connection = { status } as Connection
      if (status === 'open') open.push(connection)
      tell('connection:open', connection)
      return connection
    },
    remove(connection: Connection) {
      open.splice(open.indexOf(connection), 1)
      tell('connection:close', connection)
    },
  }
}

test('counted connections: fewer than may be are not listed, and at the limit the library decides', async () => {
  const { add, remove, accept, prune, lists, pruned } = createManager(2)
  const first = add()
  add('closed')
  expect(accept()).toBe(true)
  await prune()
  expect([lists(), pruned()]).toEqual([0, 0])
  add()
  expect(accept()).toBe(false)
  expect(lists()).toBe(1)
  add()
  await prune()
  expect(pruned()).toBe(1)
  remove(first)
  remove(add())
  expect(accept()).toBe(false)
})

test('counted connections: libp2p asks for the list by the names that are replaced', async () => {
  const node = await startRawPeer({ role: 'node', join: [], keepsPresence: false })
  const tab = await startRawPeer({ role: 'tab', join: [], keepsPresence: false })
  onTestFinished(async () => {
    await tab.stop()
    await node.stop()
  })
  const { connectionManager } = (node.libp2p as unknown as { components: { connectionManager: Record<string, unknown> } }).components
  let lists = 0
  const list = connectionManager.getConnections as (peer?: unknown) => unknown
  connectionManager.getConnections = (peer?: unknown) => {
    if (peer === undefined) lists++
    return list(peer)
  }
  await tab.libp2p.dial(node.libp2p.getMultiaddrs())
  await waitFor(() => node.libp2p.getPeers().length === 1, 5_000, 'the tab is connected')
  const before = lists
  const other = await startRawPeer({ role: 'tab', join: [], keepsPresence: false })
  onTestFinished(() => other.stop())
  await other.libp2p.dial(node.libp2p.getMultiaddrs())
  await waitFor(() => (connectionManager.getConnectionsMap as () => { size: number })().size === 2, 5_000, 'the other one as well')
  expect(lists - before).toBe(0)
})

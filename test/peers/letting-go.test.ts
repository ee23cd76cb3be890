/** Tabs that did something once and left: nothing of their connections is reachable at their home. */

import { queryObjects } from 'node:v8'
import { expect, test } from 'vitest'
import { WebSocketConnection } from '../../node/server/port/websocket-connection.ts'
import { createNetwork } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Collects, then counts what a root still leads to. */
const count = (kind: new (...args: never[]) => object) => queryObjects(kind, { format: 'count' })

/** libp2p's own time-outs, of up to 10 s, refer to streams that have ended. */
const LATE_MS = 30_000

test('tabs that post, hold, find, tap and leave are let go of with their connections', async () => {
  const network = await createNetwork({ nodes: 1 })
  const [home] = network.nodes
  const before = count(WebSocketConnection)
  for (let i = 0; i < 6; i++) {
    const tab = await network.addTab(home)
    const { key } = await tab.content.hold(new TextEncoder().encode(`page ${i}`))
    await tab.content.get(key)
    const tap = tab.messages.tap('#letting-go')
    await tap.ready
    await tab.messages.post('#nobody-here', { body: `message ${i}`, ttlMs: 60_000 })
    await tab.messages.post('#letting-go', { body: `message ${i}` })
    await tab.stop()
  }
  await waitFor(() => home.listener.sockets === 0, 5_000, 'the tabs have left')
  await waitFor(
    () => count(WebSocketConnection) <= before,
    LATE_MS,
    () => `${count(WebSocketConnection)} connections are reachable`,
  )
  expect(count(WebSocketConnection)).toBe(before)
})

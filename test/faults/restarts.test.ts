/** Nodes that end and come back, and those that stay away. Nodes are processes of their own; tabs are peers of this one. */

import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createPeer, encodeKeyHex, type Peer } from '../../node/index.ts'
import { freePort } from '../helpers/free-port.ts'
import { countAt, getRaw, hashOf, untilStatus } from '../helpers/gateway-client.ts'
import { runMayfly } from '../helpers/mayfly-process.ts'
import { untilJoined } from '../helpers/network.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const text = (words: string) => new TextEncoder().encode(words)

async function startTab(join: string[]): Promise<Peer> {
  const tab = await createPeer({ join })
  onTestFinished(() => tab.stop())
  await tab.start()
  await untilJoined(tab)
  return tab
}

async function untilKnown(nodes: NodeProcess[], servers: number): Promise<void> {
  await waitFor(
    async () => {
      const answers = await Promise.all(nodes.map(async ({ url }) => (await fetch(`${url}/api/v1/status`)).json()))
      return answers.every(({ counts }) => counts.servers >= servers)
    },
    20_000,
    `each knows ${servers}`,
  )
}

test('restarts: a node that comes back has its tabs back, holding, readable within 10 s', async () => {
  const data = await createTemporaryDirectory()
  const first = await startNodeProcess({ data })
  const other = await startNodeProcess({ join: [first.url] })
  await untilKnown([first, other], 1)
  const tab = await startTab([first.url])
  const { key } = await tab.content.hold(text('back after the restart'))
  await untilStatus([first.url, other.url], encodeKeyHex(key), 200, 5_000)
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await (signal === 'SIGTERM' ? first.stop() : first.kill(signal))
    const again = await startNodeProcess({ data, port: first.port })
    expect(again.id).toBe(first.id)
    expect(await untilStatus([again.url, other.url], encodeKeyHex(key), 200, 15_000)).toBeLessThan(10_000)
    await waitFor(async () => (await countAt(other.url, encodeKeyHex(key))) === 1, 10_000, 'it is counted once')
    await again.kill('SIGKILL')
  }
})

test('restarts: a tab whose home stays dead moves to another node that it knows', async () => {
  const a = await startNodeProcess()
  const b = await startNodeProcess({ join: [a.url] })
  const c = await startNodeProcess({ join: [a.url] })
  await untilKnown([a, b, c], 2)
  const tab = await startTab([a.url])
  const { key } = await tab.content.hold(text('moved to another home'))
  await untilStatus([b.url, c.url], encodeKeyHex(key), 200, 5_000)
  const homes: string[] = []
  tab.onEvent((event) => event.type === 'joined' && homes.push(event.peer))
  await a.kill('SIGKILL')
  await waitFor(() => homes.length > 0, 10_000, 'another home')
  expect([b.id, c.id]).toContain(homes[0])
  expect(await untilStatus([b.url, c.url], encodeKeyHex(key), 200, 10_000)).toBeLessThan(10_000)
  await waitFor(async () => (await countAt(b.url, encodeKeyHex(key))) === 1, 10_000, 'counted once')
})

test('restarts: with the bootstrap node dead, everything else goes on', async () => {
  const bootstrap = await startNodeProcess()
  const nodes = await Promise.all(Array.from({ length: 4 }, () => startNodeProcess({ join: [bootstrap.url] })))
  await untilKnown(nodes, 4)
  const [a, b, c, d] = nodes
  if (!a || !b || !c || !d) throw new Error('nodes')
  const before = await startTab([a.url])
  const { key: old } = await before.content.hold(text('held before'))
  await bootstrap.kill('SIGKILL')
  expect(await untilStatus([b.url, c.url, d.url], encodeKeyHex(old), 200, 10_000)).toBeLessThan(5_000)
  const after = await startTab([b.url])
  const { key: fresh } = await after.content.hold(text('held after'))
  expect(await untilStatus([a.url, c.url, d.url], encodeKeyHex(fresh), 200, 10_000)).toBeLessThan(2_000)
  await after.content.release(fresh)
  expect(await untilStatus([a.url, c.url, d.url], encodeKeyHex(fresh), 404, 10_000)).toBeLessThan(2_000)
  expect((await getRaw(c.url, hashOf('never held'))).status).toBe(404)
  // A newcomer gets in through any of them.
  const late = await startNodeProcess({ join: [d.url] })
  await untilKnown([late], 4)
  expect((await getRaw(late.url, encodeKeyHex(old))).status).toBe(200)
})

test('restarts: a second node with the data directory of a running one is refused, in words; after its end it runs', async () => {
  const data = await createTemporaryDirectory()
  const first = await startNodeProcess({ data })
  const { code, stdout, stderr } = await runMayfly(['start', '--port', '0', '--data', data])
  expect([code, stdout.toString()]).toEqual([2, ''])
  expect(stderr).toContain(`A node runs already with the data directory ${data}`)
  await first.kill('SIGKILL')
  expect((await startNodeProcess({ data })).id).toBe(first.id)
})

test('restarts: a node that runs from a copy of another one’s data directory meets it, and both logs warn', async () => {
  const copy = await createTemporaryDirectory()
  const first = await startNodeProcess()
  await copyFile(join(first.data, 'private-key'), join(copy, 'private-key'))
  const second = await startNodeProcess({ data: copy, join: [first.url] })
  expect(second.id).toBe(first.id)
  for (const node of [first, second]) {
    const { level, reason } = await node.waitForLog(({ msg }) => msg === 'duplicate-id')
    expect([level, reason]).toEqual(['warn', expect.stringContaining('same peer id')])
  }
})

test('restarts: a node that joins its own URL meets no duplicate', async () => {
  const port = await freePort()
  const node = await startNodeProcess({ port, join: [`http://127.0.0.1:${port}`], args: ['--log-level', 'debug'] })
  // Both ends of its connection to itself have been seen by the time that another one, made later, would be told.
  const copy = await createTemporaryDirectory()
  await copyFile(join(node.data, 'private-key'), join(copy, 'private-key'))
  await startNodeProcess({ data: copy, join: [node.url] })
  await node.waitForLog(({ msg }) => msg === 'duplicate-id')
  expect(node.log().filter(({ msg }) => msg === 'duplicate-id')).toHaveLength(1)
})

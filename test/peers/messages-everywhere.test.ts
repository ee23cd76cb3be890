/** Issue: ten receivers on five nodes and in tabs, and posts from everywhere. */

import { expect, test } from 'vitest'
import { encodeKeyHex, type Kept, type Message, type Peer } from '../../node/index.ts'
import { createTestGateway } from '../helpers/gateway.ts'
import { createNetwork } from '../helpers/network.ts'
import { runProgram } from '../helpers/program.ts'
import { waitFor } from '../helpers/wait-for.ts'

const POSTS = 100

test('messages: a hundred posts from a node, a tab and curl are a thousand rows at ten receivers, none twice and none missing', async () => {
  const network = await createNetwork({ nodes: 5 })
  const peers = network.nodes.map(({ peer }) => peer)
  const tabs = await Promise.all(network.nodes.map((node) => network.addTab(node)))
  /** Every row, of all receivers. */
  const rows: { receiver: string; id: string }[] = []
  const receive = (peer: Peer) =>
    peer.messages.tap('#wall', {
      async keep(messages: Message[]): Promise<Kept[]> {
        for (const { id } of messages) rows.push({ receiver: peer.id, id: encodeKeyHex(id) })
        return messages.map(() => 'stored')
      },
    })
  await Promise.all([...peers, ...tabs].map((peer) => receive(peer).ready))
  const [first, second] = network.nodes
  if (first === undefined || second === undefined) throw new Error('five nodes')
  const gateway = await createTestGateway(second.peer)
  const sender = await network.addTab(first)

  const states: string[] = []
  const curl = async (from: number, to: number) => {
    const { stdout } = await runProgram('curl', ['-s', '-d', 'from curl [1]', `${gateway.url}/to/%23wall?n=[${from}-${to}]`])
    states.push(...[...stdout.toString().matchAll(/"state":\s*"([a-z]+)"/g)].map(([, state = '']) => state))
  }
  const post = async (peer: Peer, count: number) => {
    for (let i = 0; i < count; i++) states.push((await peer.messages.post('#wall', { body: `post ${i}` })).outcome.state)
  }
  await Promise.all([post(first.peer, 33), post(sender, 33), curl(1, POSTS - 66)])
  expect(states).toEqual(Array.from({ length: POSTS }, () => 'stored'))

  await waitFor(
    () => rows.length >= POSTS * 10,
    10_000,
    () => `${rows.length} of ${POSTS * 10} rows`,
  )
  const unique = new Set(rows.map(({ receiver, id }) => `${receiver} ${id}`))
  expect(rows.length).toBe(POSTS * 10)
  expect(unique.size).toBe(POSTS * 10)
}, 60_000)

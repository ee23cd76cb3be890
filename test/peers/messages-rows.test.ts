import { expect, it } from 'vitest'
import type { Message } from '../../node/index.ts'
import { isOfRow } from '../../node/messages/format/sealed-row.ts'
import { createMessageSecret, decodeEnvelope } from '../../node/messages/index.ts'
import { createMessageKeeper } from '../helpers/message-keeper.ts'
import { createNetwork } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

const areOfRows = (messages: Iterable<Message>) => [...messages].map(({ envelope }) => isOfRow(decodeEnvelope(envelope).payload))

it('rows: from one node to another all messages but the first are of a row, and each is stored', async () => {
  const network = await createNetwork({ nodes: 3 })
  const [first, second] = network.nodes
  const keeper = createMessageKeeper()
  await second.peer.messages.tap(second.peer.messages.hashname, { keep: keeper.keep }).ready
  for (const body of ['one', 'two', 'three']) {
    expect((await first.peer.messages.post(second.peer.messages.hashname, { body })).outcome.state).toBe('stored')
  }
  expect(keeper.texts()).toEqual(['one', 'two', 'three'])
  expect(areOfRows(keeper.stored.values())).toEqual([false, true, true])
  for (const { body, envelope } of keeper.stored.values()) expect(Buffer.from(envelope).includes(Buffer.from(body))).toBe(false)
})

it('rows: two instances of a receiver each open each message of a row, one of them though it came in the middle', async () => {
  const network = await createNetwork({ nodes: 3, messageSecret: createMessageSecret() })
  const [first, second, third] = network.nodes
  const secret = createMessageSecret()
  const keepers = [createMessageKeeper(), createMessageKeeper()] as const
  const { hashname } = second.peer.messages
  const post = async (body: string) => (await first.peer.messages.post(hashname, { body }, { secret })).outcome.state
  await second.peer.messages.tap(hashname, { keep: keepers[0].keep }).ready
  const states = [await post('one'), await post('two')]
  await third.peer.messages.tap(hashname, { keep: keepers[1].keep }).ready
  states.push(await post('three'), await post('four'))
  expect(states).toEqual(['stored', 'stored', 'stored', 'stored'])
  await waitFor(() => keepers[1].stored.size === 2, 5_000, 'the other instance has what came since')
  expect(keepers.map((keeper) => keeper.texts())).toEqual([
    ['one', 'two', 'three', 'four'],
    ['three', 'four'],
  ])
  expect(areOfRows(keepers[1].stored.values())).toEqual([true, true])
})

it('rows: a tab, which says nothing of them, gets each message by itself, also from a node', async () => {
  const network = await createNetwork({ nodes: 2 })
  const [first, second] = network.nodes
  const tab = await network.addTab(second)
  const keeper = createMessageKeeper()
  await tab.messages.tap(tab.messages.hashname, { keep: keeper.keep }).ready
  for (const body of ['one', 'two']) {
    expect((await first.peer.messages.post(tab.messages.hashname, { body })).outcome.state).toBe('stored')
  }
  expect(areOfRows(keeper.stored.values())).toEqual([false, false])
})

import { expect, it } from 'vitest'
import type { Message } from '../../node/index.ts'
import { isOfRow } from '../../node/messages/format/sealed-row.ts'
import { decodeEnvelope } from '../../node/messages/index.ts'
import { createMessageKeeper } from '../helpers/message-keeper.ts'
import { createNetwork } from '../helpers/network.ts'

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

/** A share's list on its way to a receiver that reads as the test lets it. */

import { expect, test } from 'vitest'
import type { ShareFrame } from '../../../node/sharing/format/share-frames.ts'
import { createListSender, type ListReason } from '../../../node/sharing/sharer/list-sender.ts'
import type { ReceiverLink } from '../../../node/sharing/sharer/receiver-link.ts'

function openWorld(pages: number) {
  const sent: string[] = []
  let sequence = 0
  let room = Promise.withResolvers<boolean>()
  const say = ({ type, ...rest }: ShareFrame) => sent.push('sequence' in rest ? `${type} ${rest.sequence}` : type)
  const link = { send: say, writable: () => room.promise, close: () => sent.push('closed') } as Partial<ReceiverLink> as ReceiverLink
  const listFor = () => ({ sequence, pages: Array.from({ length: pages }, () => []), signature: new Uint8Array() })
  const send = createListSender(listFor, (_, __, reason) => reason !== 'list' && sent.push(reason))
  const settle = (isOpen: boolean) => {
    const before = room
    room = Promise.withResolvers()
    before.resolve(isOpen)
  }
  const settled = () => new Promise(setImmediate)
  return {
    sent,
    change: () => sequence++,
    send: (reason: ListReason = 'list') => send('ann', link, reason),
    settled,
    /** The reader has taken what was sent; nothing has followed yet. */
    take: () => settle(true),
    /** The same, and what follows is sent. */
    read() {
      settle(true)
      return settled()
    },
    leave() {
      settle(false)
      return settled()
    },
  }
}

test('list sender: the first list goes at once, and what is said behind it', async () => {
  const { sent, send } = openWorld(1)
  send('taken')
  expect(sent).toEqual(['list 0', 'page 0', 'taken'])
})

test('list sender: a slow reader gets a page when it has read the one before, and of the lists meanwhile the newest', async () => {
  const { sent, send, read, change } = openWorld(2)
  send('list')
  for (const reason of ['ask', 'taken'] as const) {
    change()
    send(reason)
  }
  expect(sent).toEqual(['list 0', 'page 0'])
  await read()
  expect(sent).toEqual(['list 0', 'page 0', 'page 0'])
  await read()
  await read()
  expect(sent.slice(3)).toEqual(['list 2', 'page 2', 'page 2', 'ask', 'taken'])
  await read()
  send()
  expect(sent.slice(8)).toEqual(['list 2', 'page 2'])
})

test('list sender: a list and its answer that are asked for at any moment after the reader has taken the last one are sent', async () => {
  for (let turns = 0; turns < 8; turns++) {
    const { sent, send, take, read, settled, change } = openWorld(1)
    send()
    take()
    for (let turn = 0; turn < turns; turn++) await undefined
    change()
    send('taken')
    await settled()
    await read()
    expect(sent, `${turns} microtasks later`).toEqual(['list 0', 'page 0', 'list 1', 'page 1', 'taken'])
  }
})

test('list sender: a reader that takes nothing and asks for ever has one list waiting, and each answer once', async () => {
  const { sent, send, read } = openWorld(1)
  for (let i = 0; i < 1_000; i++) for (const reason of ['taken', 'ask'] as const) send(reason)
  expect(sent).toEqual(['list 0', 'page 0', 'taken'])
  for (let i = 0; i < 3; i++) await read()
  expect(sent.slice(3).toSorted()).toEqual(['ask', 'list 0', 'page 0', 'taken'])
})

test('list sender: a reader that leaves is sent nothing more', async () => {
  const { sent, send, leave } = openWorld(2)
  send('taken')
  send('ask')
  await leave()
  expect(sent).toEqual(['list 0', 'page 0'])
})

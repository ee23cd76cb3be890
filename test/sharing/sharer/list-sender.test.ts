/** A share's list on its way to a receiver that reads as the test lets it. */

import { expect, test } from 'vitest'
import type { ShareFrame } from '../../../node/sharing/format/share-frames.ts'
import { createListSender } from '../../../node/sharing/sharer/list-sender.ts'
import type { ReceiverLink } from '../../../node/sharing/sharer/receiver-link.ts'

function openWorld(pages: number) {
  const sent: string[] = []
  let sequence = 0
  let room = Promise.withResolvers<boolean>()
  const say = ({ type, ...rest }: ShareFrame) => sent.push('sequence' in rest ? `${type} ${rest.sequence}` : type)
  const link = { send: say, writable: () => room.promise, close: () => sent.push('closed') } as Partial<ReceiverLink> as ReceiverLink
  const send = createListSender(() => ({ sequence, pages: Array.from({ length: pages }, () => []), signature: new Uint8Array() }))
  const settle = (isOpen: boolean) => {
    const before = room
    room = Promise.withResolvers()
    before.resolve(isOpen)
    return new Promise(setImmediate)
  }
  return {
    sent,
    change: () => sequence++,
    send: (answer?: string) => send('ann', link, answer === undefined ? undefined : () => sent.push(answer)),
    /** The reader has taken what was sent. */
    read: () => settle(true),
    leave: () => settle(false),
  }
}

test('list sender: the first list goes at once, and what is said behind it', async () => {
  const { sent, send } = openWorld(1)
  send('taken')
  expect(sent).toEqual(['list 0', 'page 0', 'taken'])
})

test('list sender: a slow reader gets a page when it has read the one before, and of the lists meanwhile the newest', async () => {
  const { sent, send, read, change } = openWorld(2)
  send('first')
  for (const answer of ['second', 'third']) {
    change()
    send(answer)
  }
  expect(sent).toEqual(['list 0', 'page 0'])
  await read()
  expect(sent).toEqual(['list 0', 'page 0', 'page 0', 'first'])
  await read()
  await read()
  expect(sent.slice(4)).toEqual(['list 2', 'page 2', 'page 2', 'second', 'third'])
  await read()
  send()
  expect(sent.slice(9)).toEqual(['list 2', 'page 2'])
})

test('list sender: a reader that leaves is sent nothing more', async () => {
  const { sent, send, leave } = openWorld(2)
  send('first')
  send('second')
  await leave()
  expect(sent).toEqual(['list 0', 'page 0'])
})

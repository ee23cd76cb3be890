/** Shares between peers in memory: their rules, what a receiver gets, and how they end. */

import { afterEach, expect, test } from 'vitest'
import { parseLink } from '../../node/sharing/format/share-link.ts'
import { SEARCH_LIMITS } from '../../node/sharing/receiver/sharer-search.ts'
import type { ReceivedShare, Share, ShareItem, ShareOptions } from '../../node/sharing/types.ts'
import { createMemoryStore, type MemoryStore } from '../helpers/share-store.ts'
import { createShareWorld, file, untilState, wordsOf } from '../helpers/share-world.ts'
import { waitFor } from '../helpers/wait-for.ts'

const WAIT_MS = 20_000
const ends: (() => Promise<unknown>)[] = []
type Peer = Awaited<ReturnType<ReturnType<typeof createShareWorld>['join']>>

afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function join(world: ReturnType<typeof createShareWorld>, name: string) {
  const peer = await world.join(name)
  ends.push(() => peer.stop())
  return peer
}

async function offer(items: ShareItem[], options?: ShareOptions) {
  const world = createShareWorld()
  const sharer = await join(world, 'sharer')
  const share = await sharer.share(items, options)
  await waitFor(() => share.entries.every(({ state }) => state === 'ready'), WAIT_MS, 'its files are read')
  const receive = async (name: string, options = {}) => (await join(world, name)).receive(share.path, { label: name, ...options })
  return { world, sharer, share, receive }
}

async function fetch(received: ReceivedShare, id: number): Promise<MemoryStore> {
  let store: MemoryStore | undefined
  await received.fetch(id, async (shape) => (store = createMemoryStore(shape)))
  received.saved(id)
  return store as MemoryStore
}

const receiverAt = (share: Share, label: string) => share.receivers.find((each) => each.label === label)
const code = (expected: string) => expect.objectContaining({ code: expected })
const id = (byte: number) => new Uint8Array(16).fill(byte)

test('a receiver gets keys and texts of the entries that it has taken, at once, and of no others', async () => {
  const { share, receive } = await offer([file('a'), file('b'), { kind: 'text', path: 'c', text: 'words' }])
  const received = await receive('bob')
  await untilState(received, 'listed')
  expect(received.entries.map(({ path, size, text }) => [path, size, text])).toEqual([
    ['a', 1, undefined],
    ['b', 1, undefined],
    ['c', 5, undefined],
  ])
  await received.take([1])
  expect(await wordsOf(received, 1)).toBe('a')
  await expect(received.open(2)).rejects.toThrow(code('ERR_REFUSED'))
  expect(received.entries.map((entry) => (entry as { linkKey?: unknown }).linkKey !== undefined)).toEqual([true, false, false])
  await received.take([3])
  expect(received.entries[2]?.text).toBe('words')
  expect([...(receiverAt(share, 'bob')?.taken ?? [])]).toEqual([1, 3])
})

test('the list changes live; an entry that comes later is taken where all were', async () => {
  const { share, receive } = await offer([file('a')])
  const received = await receive('bob')
  await untilState(received, 'listed')
  await received.take()
  await share.add([file('b')])
  share.rename(1, 'first')
  await waitFor(
    () => received.entries.map(({ path, state }) => `${path} ${state}`).join() === 'first ready,b ready',
    WAIT_MS,
    'the new list',
  )
  expect(await wordsOf(received, 2)).toBe('b')
  share.remove(1)
  await waitFor(() => received.entries.length === 1, WAIT_MS, 'it is gone')
  await expect(received.open(1)).rejects.toThrow(/no entry 1 any more/)
})

test('a share ends once one receiver has everything; the next one is told, and nothing of it is held', async () => {
  const { world, share, receive } = await offer([file('a')], { stopAfterFirst: true })
  const hash = share.entries[0]?.hash
  const [first, second] = [await receive('bob'), await receive('carol')]
  for (const each of [first, second]) await untilState(each, 'listed')
  await first.take()
  expect((await (await fetch(first, 1)).plain()).toString()).toBe('a')
  await waitFor(() => second.endCode === 'ERR_SHARE_ENDED', WAIT_MS, 'the other is told')
  await waitFor(() => !world.haveIt(hash).includes('sharer'), WAIT_MS, 'it is held no more')
  expect([share.state, receiverAt(share, 'bob')?.state]).toEqual(['ended', 'done'])
})

test('who has taken a share before its time is over finishes; who comes later is told', async () => {
  const { world, share, receive } = await offer([file('a')], { untilMs: 1_764_400_100_000 })
  const [first, second] = [await receive('bob'), await receive('carol')]
  for (const each of [first, second]) await untilState(each, 'listed')
  await first.take()
  world.clock.nowMs = 1_764_400_100_000
  await expect(second.take()).rejects.toThrow(code('ERR_SHARE_EXPIRED'))
  expect((await (await fetch(first, 1)).plain()).toString()).toBe('a')
  await waitFor(() => receiverAt(share, 'bob')?.state === 'done', WAIT_MS, 'it has everything')
})

test('who is sent away is told, also under another id; a guess under another id is the next one', async () => {
  const { share, sharer, world } = await offer([file('a')], { password: 'bread' })
  const bob = await join(world, 'bob')
  const first = bob.receive(share.path, { label: 'first', receiver: id(1) })
  await untilState(first, 'password')
  for (const tries of [2, 1]) await expect(first.enter('cake')).rejects.toThrow(tries === 1 ? /one try is left/ : /2 tries are left/)
  const second = bob.receive(share.path, { label: 'second', receiver: id(2) })
  await untilState(second, 'password')
  await expect(second.enter('cake')).rejects.toThrow(code('ERR_SHARE_LOCKED'))
  await expect(first.enter('bread')).rejects.toThrow(code('ERR_SHARE_LOCKED'))
  share.unlock()
  const third = bob.receive(share.path, { label: 'third', receiver: id(3) })
  await untilState(third, 'password')
  await third.enter('bread')
  share.dismiss(receiverAt(share, 'third')?.id ?? '')
  await waitFor(() => third.endCode === 'ERR_SHARE_REFUSED', WAIT_MS, 'it is told')
  const fourth = bob.receive(share.path, { receiver: id(4) })
  await waitFor(() => fourth.endCode === 'ERR_SHARE_REFUSED', WAIT_MS, 'the same peer is sent away')

  const kept = share.snapshot()
  await sharer.stop()
  const again = await join(world, 'sharer again')
  const back = await again.share([file('a')], { resume: kept })
  const fifth = bob.receive(back.path, { receiver: id(5) })
  await waitFor(() => fifth.endCode === 'ERR_SHARE_REFUSED', WAIT_MS, 'also after a restart')
})

test('the sharer is asked, and asked again where it comes back; a yes gives what was taken', async () => {
  const { world, sharer, share, receive } = await offer([file('a'), file('b')], { ask: true })
  const received = await receive('bob')
  await untilState(received, 'listed')
  const taken = received.take([2])
  await untilState(received, 'asking')
  const kept = share.snapshot()
  sharer.kill()
  await untilState(received, 'away')
  const again = await join(world, 'sharer again')
  const back = await again.share([file('a'), file('b')], { resume: kept })
  await untilState(received, 'asking')
  await waitFor(() => receiverAt(back, 'bob')?.taken?.size === 1, WAIT_MS, 'it is asked for one entry')
  back.admit(receiverAt(back, 'bob')?.id ?? '', true)
  await taken
  expect(await wordsOf(received, 2)).toBe('b')
  await expect(received.open(1)).rejects.toThrow(code('ERR_REFUSED'))
})

test('somebody who holds the key and says that the link is wrong is not believed while the sharer may be found', async () => {
  const { world, sharer, share } = await offer([file('a')])
  const key = parseLink('s', share.path).id
  const kept = share.snapshot()
  sharer.kill()
  const liar: Peer = await join(world, 'liar')
  world.presence.join('liar').hold(key)
  const received = (await join(world, 'bob')).receive(share.path)
  await untilState(received, 'away')
  await (await join(world, 'sharer again')).share([file('a')], { resume: kept })
  await untilState(received, 'listed')

  const other = createShareWorld()
  const only = await join(other, liar.self)
  await only.share([file('x')])
  other.presence.join(liar.self).hold(key)
  const wrong = (await join(other, 'bob')).receive(share.path)
  await untilState(wrong, 'away')
  other.clock.ticksMs = SEARCH_LIMITS.wrongMs
  await waitFor(() => wrong.endCode === 'ERR_SHARE_WRONG', WAIT_MS, 'it is said in the end')
})

test('a small file comes from another receiver when its sharer has gone', async () => {
  const { world, sharer, share, receive } = await offer([file('a')])
  const hash = share.entries[0]?.hash
  const [first, second] = [await receive('bob'), await receive('carol')]
  for (const each of [first, second]) await untilState(each, 'listed')
  for (const each of [first, second]) await each.take()
  await fetch(first, 1)
  await waitFor(() => world.haveIt(hash).includes('bob'), WAIT_MS, 'it is passed on')
  sharer.kill()
  await untilState(second, 'away')
  expect((await (await fetch(second, 1)).plain()).toString()).toBe('a')
  first.help(false)
  await waitFor(() => !world.haveIt(hash).includes('bob'), WAIT_MS, 'it is passed on no more')
})

test('a receiver that cannot save says why, until it is here again', async () => {
  const { share, receive } = await offer([file('a')])
  const received = await receive('bob', { receiver: id(1) })
  await untilState(received, 'listed')
  await received.take()
  received.tell('Its disk is full')
  await waitFor(() => receiverAt(share, 'bob')?.problem === 'Its disk is full', WAIT_MS, 'it is told')
  await received.close()
  await waitFor(() => receiverAt(share, 'bob')?.state === 'left', WAIT_MS, 'it has left')
  expect(receiverAt(share, 'bob')?.problem).toBe('Its disk is full')
  const again = await receive('bob again', { receiver: id(1) })
  await untilState(again, 'taken')
  expect(receiverAt(share, 'bob again')?.problem).toBeUndefined()
})

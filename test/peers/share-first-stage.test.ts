/** The first stage of receiving a share: through the gateway of the link, before the receiver has a peer; against a real node in a process of its own. */

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { memorySource, SHARE_SUBPROTOCOL } from '../../node/index.ts'
import { encodeKeyBase32 } from '../../node/keys/index.ts'
import { openEarlySocket } from '../../node/library/early-socket.ts'
import type { FetchShape, ReceivedShare, Share, ShareItem, ShareRules } from '../../node/sharing/types.ts'
import { receiveAsPage, startTab } from '../helpers/early-receiver.ts'
import { openFirstVisitor } from '../helpers/first-visitor.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { createMemoryStore, type MemoryStore } from '../helpers/share-store.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { encodeWrong } from '../helpers/wrong-link.ts'

const WAIT_MS = 30_000
const MIB = 1_048_576

const file = (path: string, bytes: Uint8Array): ShareItem => ({ kind: 'file', path, source: memorySource(bytes) })

async function offer(items: ShareItem[], rules: ShareRules = {}) {
  const node = await startNodeProcess()
  const sharer = await startTab(node.url)
  const share = await sharer.sharing.share(items, rules)
  await waitFor(() => share.entries.every(({ state }) => state === 'ready'), WAIT_MS, 'its files are read')
  return { node, sharer, share }
}

async function until(received: ReceivedShare, state: ReceivedShare['state']): Promise<void> {
  await waitFor(
    () => received.state === state,
    WAIT_MS,
    () => `${state}, not ${received.state} ${received.endCode ?? ''}`,
  )
}

async function fetchEntry(received: ReceivedShare, id: number, onProgress: (bytes: number) => void = () => {}): Promise<MemoryStore> {
  let store: MemoryStore | undefined
  await received.fetch(id, async (shape) => (store = createMemoryStore(shape)), { onProgress })
  return store as MemoryStore
}

const statesAt = (share: Share) => share.receivers.map(({ state }) => state)

it('list, take and small files come without a peer; the sharer sees one receiver, whose peer goes on', async () => {
  const bytes = randomBytes(700_000)
  const { node, share } = await offer([file('a.bin', bytes), file('b.txt', Buffer.from('hello')), file('empty', new Uint8Array())], {
    receivers: 1,
  })
  const { received, letPeerCome } = receiveAsPage(node.url, share.path, { label: 'early' })
  await until(received, 'listed')
  expect(received.entries.map(({ path, size }) => [path, size])).toEqual([
    ['a.bin', 700_000],
    ['b.txt', 5],
    ['empty', 0],
  ])
  expect(received.entries.every((entry) => !('linkKey' in entry) || entry.linkKey === undefined)).toBe(true)
  expect([statesAt(share), received.rules]).toEqual([['looking'], { receivers: 1, ask: false, stopAfterFirst: false }])
  await expect(received.fetch(1, async (shape) => createMemoryStore(shape))).rejects.toMatchObject({ code: 'ERR_REFUSED' })
  await received.take()
  expect([received.state, statesAt(share)]).toEqual(['taken', ['receiving']])
  let isFetched = false
  let late = 0
  const stores = [
    await fetchEntry(received, 1, () => {
      if (isFetched) late++
    }),
    await fetchEntry(received, 2),
    await fetchEntry(received, 3),
  ]
  isFetched = true
  const plain = await Promise.all(stores.map((store) => store.plain()))
  expect(plain.map((each) => Buffer.from(each).equals(bytes) || Buffer.from(each).toString())).toEqual([true, 'hello', ''])
  expect([received.way, share.receivers[0]?.way]).toEqual(['relayed', 'relayed'])
  letPeerCome()
  for (const { id } of received.entries) received.saved(id)
  await waitFor(
    () => statesAt(share).join() === 'done',
    WAIT_MS,
    () => `done, not ${statesAt(share)}`,
  )
  expect([received.state, late]).toEqual(['taken', 0])
})

it('a browser that asks for the page of a share counts nowhere: its visitor is one, whenever it comes', async () => {
  const { node, share } = await offer([file('a.txt', Buffer.from('hello'))], { receivers: 1 })
  const path = share.path.split('#', 1)[0] as string
  const askForPage = async () => {
    const asked = request(`${node.url}${path}`, { headers: { 'sec-fetch-dest': 'document', accept: 'text/html' } }).end()
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    await once(answer.resume(), 'end')
    return answer.statusCode
  }
  expect([await askForPage(), await askForPage()]).toEqual([200, 200])
  const socket = new WebSocket(`${node.url.replace('http', 'ws')}${path}/first`, SHARE_SUBPROTOCOL)
  onTestFinished(() => socket.terminate())
  await once(socket, 'message') // the sharer's key: this visitor says nothing
  expect(share.receivers).toEqual([])
  await askForPage()
  const { received } = receiveAsPage(node.url, share.path)
  await until(received, 'listed')
  expect(statesAt(share)).toEqual(['looking'])
  await received.take()
  expect(Buffer.from((await (await fetchEntry(received, 1)).plain()) ?? []).toString()).toBe('hello')
})

it('the hello of the document shows its page the list, and the sharer one receiver; nothing is used up before it is taken', async () => {
  const { node, share } = await offer([file('a.txt', Buffer.from('hello'))], { receivers: 1 })
  const [, id = '', secret = ''] = /^\/s\/(.+)#(.+)$/.exec(share.path) ?? []
  const visitor = { receiver: new Uint8Array(16).fill(6), label: 'early' }
  openEarlySocket(node.url, id, secret, () => visitor)
  const early = globalThis.mayflyFirstSocket
  await waitFor(() => early?.messages.length === 4, WAIT_MS, 'key, welcome, list and its page')
  expect([statesAt(share), share.receivers[0]?.label]).toEqual([['looking'], 'early'])
  const { received, letPeerCome } = receiveAsPage(node.url, share.path, visitor)
  await until(received, 'listed')
  expect(statesAt(share)).toEqual(['looking'])
  await received.take()
  expect(Buffer.from((await (await fetchEntry(received, 1)).plain()) ?? []).toString()).toBe('hello')
  letPeerCome()
  received.saved(1)
  await waitFor(
    () => statesAt(share).join() === 'done',
    WAIT_MS,
    () => `done, not ${statesAt(share)}`,
  )
})

it('a visitor that was refused before its page is here hears why, and loads no peer for that', async () => {
  const { node, share } = await offer([file('a.txt', Buffer.from('hello'))], { receivers: 1 })
  const first = receiveAsPage(node.url, share.path)
  await until(first.received, 'listed')
  await first.received.take()
  const [, id = '', secret = ''] = /^\/s\/(.+)#(.+)$/.exec(share.path) ?? []
  openEarlySocket(node.url, id, secret)
  const early = globalThis.mayflyFirstSocket
  await waitFor(() => early?.socket.readyState === WebSocket.CLOSED, WAIT_MS, 'the sharer has ended it')
  const late = receiveAsPage(node.url, share.path)
  await until(late.received, 'ended')
  expect([late.received.endCode, late.received.entries]).toEqual(['ERR_SHARE_USED', []])
})

it('a right first piece counts before its store is open, and is written once it is', async () => {
  const bytes = randomBytes(700_000)
  const { node, share } = await offer([file('a.bin', bytes)])
  const { received } = receiveAsPage(node.url, share.path)
  await until(received, 'listed')
  await received.take()
  const opened = Promise.withResolvers<void>()
  let store: MemoryStore | undefined
  const progress: number[] = []
  const storeFor = async (shape: FetchShape) => {
    await opened.promise
    store = createMemoryStore(shape)
    return store
  }
  const fetching = received.fetch(1, storeFor, { onProgress: (done) => progress.push(done) })
  await waitFor(() => progress.length > 0, WAIT_MS, 'its first piece')
  expect([progress, store]).toEqual([[262_144], undefined])
  opened.resolve()
  const { size } = await fetching
  expect(Buffer.from((await store?.plain()) ?? []).equals(bytes)).toBe(true)
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
  expect(progress.at(-1)).toBe(size)
})

it('what came by the first stage is not fetched again: the peer goes on from there', async () => {
  const bytes = randomBytes(5 * MIB)
  const { node, share, sharer } = await offer([file('large.bin', bytes)])
  const { received, letPeerCome } = receiveAsPage(node.url, share.path)
  await until(received, 'listed')
  await received.take([1])
  let served = 0
  sharer.onEvent((event) => {
    if (event.type === 'served') served += event.bytes
  })
  let early = 0
  const fetching = fetchEntry(received, 1, (there) => {
    early = there
  })
  await waitFor(
    () => early >= 7 * 262_144,
    WAIT_MS,
    () => `the first pieces, not ${early}`,
  )
  letPeerCome()
  const store = await fetching
  expect(Buffer.from(await store.plain()).equals(bytes)).toBe(true)
  expect(store.written).toBeLessThan(5.3 * MIB)
  expect(served).toBeLessThan(5.3 * MIB)
  expect(share.receivers).toHaveLength(1)
})

it.each([
  ['a link whose secret is another', 'ERR_SHARE_WRONG'],
  ['a share that has ended', 'ERR_SHARE_ENDED'],
])('%s is told by the peer, and nothing is seen before', async (what, code) => {
  const { node, share } = await offer([file('a', Buffer.from('a'))])
  if (code === 'ERR_SHARE_ENDED') await share.end()
  const { received, letPeerCome } = receiveAsPage(node.url, what.startsWith('a link') ? encodeWrong(share.path) : share.path)
  letPeerCome()
  await waitFor(
    () => received.state === 'ended',
    60_000,
    () => `ended, not ${received.state}`,
  )
  expect([received.endCode, received.entries]).toEqual([code, []])
})

it('a visitor that does not read for a while hears nothing untrue of its sharer, and gets the newest list, not each', async () => {
  const texts = Array.from({ length: 60 }, (_, i): ShareItem => ({ kind: 'text', path: `${i}.txt`, text: `${i} `.repeat(7_000) }))
  const { node, share } = await offer(texts)
  let closedWith: number | undefined
  let socket: WebSocket | undefined
  const visitor = await openFirstVisitor(share.path, async (id, onMessage) => {
    const opened = new WebSocket(`${node.url.replace('http', 'ws')}/s/${encodeKeyBase32(id)}/first`, SHARE_SUBPROTOCOL)
    socket = opened
    onTestFinished(() => opened.terminate())
    opened.on('message', onMessage)
    opened.on('close', (code) => (closedWith = code))
    return opened
  })
  await visitor.enter()
  socket?.pause()
  // Each is answered with a list of a megabyte.
  for (let n = 0; n < 60; n++) await visitor.send({ type: 'take', entries: undefined })
  await visitor.send({ type: 'progress', reports: [[1, 7]] })
  await waitFor(() => share.receivers[0]?.received.get(1) === 7, WAIT_MS, 'the sharer has answered all of them')
  share.rename(2, 'newest.txt')
  socket?.resume()
  const hasNewest = () => visitor.heard.some((frame) => frame.type === 'page' && frame.entries.some(({ path }) => path === 'newest.txt'))
  await waitFor(hasNewest, WAIT_MS, () => `the newest list; closed with ${closedWith}`)
  // An answer waits once for a receiver that does not read, whatever it has asked meanwhile.
  await waitFor(() => visitor.heard.some(({ type }) => type === 'taken'), WAIT_MS, 'an answer')
  expect(visitor.heard.filter(({ type }) => type === 'taken').length).toBeLessThan(60)
  expect(visitor.heard.filter(({ type }) => type === 'list').length).toBeLessThan(8)
  expect([closedWith, statesAt(share)]).toEqual([undefined, ['receiving']])
})

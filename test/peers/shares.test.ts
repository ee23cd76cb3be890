/** Shares between real peers: tabs and a node, over websockets of this machine. */

import { randomBytes } from 'node:crypto'
import { expect, it, onTestFinished } from 'vitest'
import { memorySource, type Peer } from '../../node/index.ts'
import { linkPathOf, parseLink } from '../../node/sharing/format/share-link.ts'
import type { ReceivedShare, Share, ShareItem, Sharing } from '../../node/sharing/types.ts'
import { createLoop } from '../helpers/loop-transport.ts'
import { createNetwork } from '../helpers/network.ts'
import { createMemoryStore, type MemoryStore } from '../helpers/share-store.ts'
import { waitFor } from '../helpers/wait-for.ts'

const WAIT_MS = 30_000
const MIB = 1_048_576

const sharingOf = ({ sharing }: Peer): Sharing => {
  if (sharing === undefined) throw new Error('a peer without sharing')
  return sharing
}
const file = (path: string, bytes: Uint8Array): ShareItem => ({ kind: 'file', path, source: memorySource(bytes) })

async function world() {
  const network = await createNetwork({ nodes: 2 })
  const [a, b] = network.nodes
  return { network, a, b, addTab: (node: typeof a) => network.addTab(node, { sharing: true }) }
}

async function until(received: ReceivedShare, state: ReceivedShare['state']): Promise<void> {
  await waitFor(
    () => received.state === state,
    WAIT_MS,
    () => `${state}, not ${received.state} ${received.endCode ?? ''}`,
  )
}

function receive(peer: Peer, link: string, receiver?: Uint8Array): ReceivedShare {
  const received = sharingOf(peer).receive(link, { label: 'a test', ...(receiver && { receiver }) })
  onTestFinished(() => received.close())
  return received
}

const ready = (received: ReceivedShare) => received.entries.length > 0 && received.entries.every(({ state }) => state === 'ready')

/** Fetches all entries; their plain bytes by path. */
async function fetchAll(received: ReceivedShare): Promise<Record<string, Uint8Array>> {
  const found: Record<string, Uint8Array> = {}
  for (const { id, path, kind, text } of received.entries) {
    if (kind === 'text') {
      found[path] = new TextEncoder().encode(text)
      continue
    }
    let store: MemoryStore | undefined
    await received.fetch(id, async (shape) => (store = createMemoryStore(shape)))
    received.saved(id)
    found[path] = (await store?.plain()) ?? new Uint8Array()
  }
  return found
}

async function countOf(peer: Peer, key: Uint8Array): Promise<number> {
  for await (const count of peer.rendezvous.watch(key)) return count
  return 0
}

const stateAt = (share: Share) => share.receivers.map(({ state }) => state)

it('a share is listed, taken and received; its list changes live; the sharer sees how far each is', async () => {
  const { a, b, addTab } = await world()
  const [sharer, receiver] = [await addTab(a), await addTab(b)]
  const contents = { 'empty.txt': new Uint8Array(), 'one.bin': randomBytes(1), 'large/a.bin': randomBytes(2 * MIB + 1) }
  const share = await sharingOf(sharer).share(Object.entries(contents).map(([path, bytes]) => file(path, bytes)))
  expect(share.entries.map(({ state }) => state)).toEqual(['reading', 'reading', 'reading'])
  const received = receive(receiver, `http://127.0.0.1${share.path}`)
  await until(received, 'listed')
  await waitFor(() => ready(received), WAIT_MS, 'the list is complete')
  expect(received.entries.map(({ path, size }) => [path, size])).toEqual(
    Object.entries(contents).map(([path, bytes]) => [path, bytes.byteLength]),
  )
  expect(received.entries.every((entry) => !('linkKey' in entry) || entry.linkKey === undefined)).toBe(true)
  expect(stateAt(share)).toEqual(['looking'])
  await expect(received.fetch(1, async (shape) => createMemoryStore(shape))).rejects.toMatchObject({ code: 'ERR_REFUSED' })

  await received.take()
  expect(received.state).toBe('taken')
  const found = await fetchAll(received)
  for (const [path, bytes] of Object.entries(contents)) expect(Buffer.compare(found[path] ?? randomBytes(9), bytes), path).toBe(0)
  await waitFor(
    () => stateAt(share)[0] === 'done',
    WAIT_MS,
    () => `done, not ${stateAt(share)}`,
  )

  await share.add([{ kind: 'text', path: 'words', text: 'hello' }])
  share.rename(1, 'renamed.txt')
  share.remove(2)
  await waitFor(() => received.entries.map(({ path }) => path).join() === 'renamed.txt,large/a.bin,words', WAIT_MS, 'the new list')
  expect(received.entries.at(-1)?.text).toBe('hello')
  const endingMeanwhile = received.fetch(3, async (shape) => {
    await share.end()
    await until(received, 'ended')
    return createMemoryStore(shape)
  })
  await expect(endingMeanwhile).rejects.toMatchObject({ code: 'ERR_SHARE_ENDED' })
  expect(received.endCode).toBe('ERR_SHARE_ENDED')
  const late = receive(receiver, share.path)
  await until(late, 'ended')
})

it('a code of two words and a number leads to a share, once; three wrong guesses burn it', async () => {
  const { a, b, addTab } = await world()
  const [sharer, receiver] = [await addTab(a), await addTab(b)]
  const share = await sharingOf(sharer).share([{ kind: 'text', path: 'words', text: 'hello' }])
  const code = await share.code()
  expect(await sharingOf(receiver).claimCode(code.code)).toBe(share.path)
  expect(await code.settled).toBe('claimed')
  await expect(sharingOf(receiver).claimCode(code.code)).rejects.toMatchObject({ code: 'ERR_TOKEN_USED' })

  const other = await share.code()
  const number = other.code.split('-').at(-1)
  const wrong = other.code.startsWith('abandon-ability') ? `zone-zoo-${number}` : `abandon-ability-${number}`
  const codes: string[] = []
  for (let i = 0; i < 3; i++)
    await sharingOf(receiver)
      .claimCode(wrong)
      .catch((error: { code: string }) => codes.push(error.code))
  expect(codes).toEqual(['ERR_TOKEN_WRONG', 'ERR_TOKEN_WRONG', 'ERR_TOKEN_BURNT'])
  expect(await other.settled).toBe('burnt')
  await expect(sharingOf(receiver).claimCode(other.code)).rejects.toMatchObject({ code: 'ERR_TOKEN_BURNT' })
})

it('a one-time share goes to one of two who take it at the same instant; a link that is another is wrong', async () => {
  const { a, b, addTab } = await world()
  const [sharer, first, second] = [await addTab(a), await addTab(b), await addTab(a)]
  const share = await sharingOf(sharer).share([file('a', randomBytes(9))], { receivers: 1, password: 'bread' })
  const both = [receive(first, share.path), receive(second, share.path)]
  for (const each of both) await until(each, 'password')
  await expect(both[0]?.enter('wrong')).rejects.toMatchObject({ code: 'ERR_SHARE_PASSWORD' })
  for (const each of both) await each.enter('bread')
  for (const each of both) await until(each, 'listed')
  const outcomes = await Promise.allSettled(both.map((each) => each.take()))
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  await waitFor(() => both.some(({ endCode }) => endCode === 'ERR_SHARE_USED'), WAIT_MS, 'the other is told')

  const other = await sharingOf(sharer).share([{ kind: 'text', path: 'words', text: 'x' }])
  expect(() => sharingOf(first).receive(`${share.path.split('#')[0]}#${other.path.split('#')[1]}`)).toThrow(/mistyped or cut/)
})

it('what has come stays when the sharer leaves, and goes on where others have the rest; a sharer that comes back is met again', async () => {
  const { network, a, b, addTab } = await world()
  const [sharer, first, second] = [await addTab(a), await addTab(b), await addTab(a)]
  const bytes = randomBytes(4 * MIB)
  const small = randomBytes(9_000)
  const items = [file('a.bin', bytes), file('small.bin', small)]
  const share = await sharingOf(sharer).share(items)
  const early = receive(first, share.path)
  await until(early, 'listed')
  await waitFor(() => ready(early), WAIT_MS, 'the list')
  await early.take()
  await fetchAll(early)

  const late = receive(second, share.path)
  await until(late, 'listed')
  await late.take()
  await waitFor(() => late.helpers > 0, WAIT_MS, 'a helper')
  const kept = share.snapshot()
  await sharer.stop()
  await until(late, 'away')
  // Somebody else at the share's key knows nothing of it, and says that the link is wrong.
  const stranger = await addTab(b)
  const asked = waitFor(() => stranger.status().counts.connections > 0, WAIT_MS, 'the stranger is there')
  const impostor = stranger.rendezvous.hold(parseLink('s', share.path).id)
  await Promise.all([asked, impostor.announced])
  const found = await fetchAll(late)
  expect(Buffer.compare(found['a.bin'] ?? new Uint8Array(), bytes)).toBe(0)
  expect(Buffer.compare(found['small.bin'] ?? new Uint8Array(), small), 'of one piece').toBe(0)

  await waitFor(async () => (await countOf(second, impostor.key)) === 1, WAIT_MS, 'the stranger is found')
  expect(late.state).toBe('away')
  const again = await network.addTab(b, { sharing: true })
  const back = await sharingOf(again).share(items, { resume: kept })
  expect(back.path).toBe(share.path)
  await until(late, 'taken')
  await waitFor(
    () => back.receivers.filter(({ state }) => state === 'done').length === 2,
    WAIT_MS,
    () => `both done: ${stateAt(back)}`,
  )
  await waitFor(() => back.entries[0]?.state === 'ready', WAIT_MS, 'its file is read again')
  expect(back.entries[0]?.hash).toBe(share.entries[0]?.hash)
})

it('two tabs connect directly over what they say to each other: no circuit is opened, and for a wrong link nothing at all', async () => {
  const { network, a, b } = await world()
  const loop = createLoop()
  const addTab = (node: typeof a) => network.addTab(node, { sharing: true, webRTC: loop.transport })
  const [sharer, visitor, receiver] = [await addTab(a), await addTab(b), await addTab(b)]
  const share = await sharingOf(sharer).share([file('bread.txt', randomBytes(1_000))])
  const { id } = parseLink('s', share.path)
  const wrong = receive(visitor, linkPathOf('s', { id, secret: new Uint8Array(16).fill(9) }))
  await until(wrong, 'away')
  expect([loop.signals, share.receivers.length, a.peer.status().counts.circuits]).toEqual([0, 0, 0])
  const right = receive(receiver, share.path)
  await until(right, 'listed')
  await right.take()
  await waitFor(() => right.entries.length > 0 && ready(right), WAIT_MS, 'the file is ready')
  await waitFor(() => loop.signals === 1, WAIT_MS, 'the offer')
  expect(Object.keys(await fetchAll(right))).toEqual(['bread.txt'])
  await waitFor(() => share.receivers[0]?.state === 'done', WAIT_MS, 'it is done')
  expect([a, b].map(({ peer }) => peer.status().counts.circuits)).toEqual([0, 0])
})

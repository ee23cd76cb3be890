/** Offers between accounts, over websockets of this machine: somebody who is away, restarts, instances, rules. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type MadeOffer, memorySource, type Offers, type Peer, type ReceivedOffer, type ShareItem } from '../../node/index.ts'
import { openAccountStore } from '../../node/server/store/account-file.ts'
import { createMemorySaver } from '../helpers/memory-saver.ts'
import { createNetwork, type Network, type TestNode } from '../helpers/network.ts'
import { becomeContacts, waitForPresent } from '../helpers/people.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const WAIT_MS = 60_000

const file = (path: string, bytes: Uint8Array): ShareItem => ({ kind: 'file', path, source: memorySource(bytes) })

function offersOf({ sharing }: Peer): Offers {
  if (sharing?.offers === undefined) throw new Error('a peer without offers')
  return sharing.offers
}

const shareOf = ({ sharing }: Peer) => {
  if (sharing === undefined) throw new Error('a peer without sharing')
  return sharing
}

/** A person whose account is in a directory: the same again after a restart. */
async function start(network: Network, node: TestNode, directory: string): Promise<Peer> {
  const peer = await network.addTab(node, { sharing: true, people: { store: await openAccountStore(directory) } })
  await peer.people.connect()
  return peer
}

async function world() {
  const network = await createNetwork({ nodes: 2 })
  const [a, b] = network.nodes
  const directory = await createTemporaryDirectory()
  const startAnn = () => start(network, a, join(directory, 'ann'))
  const startBen = () => start(network, b, join(directory, 'ben'))
  const [ann, ben] = [await startAnn(), await startBen()]
  await becomeContacts(ann, ben, 'Ann', 'Ben')
  return { network, a, b, ann, ben, startAnn, startBen }
}

function listen(peer: Peer): ReceivedOffer[] {
  const heard: ReceivedOffer[] = []
  offersOf(peer).onOffer((offer) => heard.push(offer))
  return heard
}

const until = (offer: MadeOffer, state: MadeOffer['state']) =>
  waitFor(
    () => offer.state === state,
    WAIT_MS,
    () => `the made offer is ${state}, not ${offer.state} ${offer.text}`,
  )

async function first(offers: readonly ReceivedOffer[]): Promise<ReceivedOffer> {
  await waitFor(() => offers.length > 0, WAIT_MS, 'an offer comes')
  return offers[0] as ReceivedOffer
}

it('a contact is away: offered, both restart, and it is delivered when both are there', async () => {
  const { ann, ben, startAnn, startBen } = await world()
  const bytes = randomBytes(3_000_000)
  await ben.stop()
  await waitForPresent(ann.people, [])
  const offer = await offersOf(ann).make('Ben', [file('bread.bin', bytes), { kind: 'text', path: 'note', text: 'hello' }], {
    words: 'For you',
  })
  expect(offer).toMatchObject({ state: 'waiting', isAway: true, count: 2, bytes: 3_000_005 })
  await waitFor(() => offer.share?.entries.every(({ state }) => state === 'ready') === true, WAIT_MS, 'the files were read')
  await ann.stop()

  const ann2 = await startAnn()
  const [kept] = offersOf(ann2).made() as [MadeOffer]
  expect(kept).toMatchObject({ id: offer.id, state: 'waiting', words: 'For you', share: undefined })
  expect(kept.files.map(({ path }) => path)).toContain('bread.bin')
  const ben2 = await startBen()
  const asked = listen(ben2)
  await waitForPresent(ann2.people, [ben2])
  const items = [file('bread.bin', bytes), { kind: 'text', path: 'note', text: 'hello' }] as const
  kept.bring(await shareOf(ann2).share(items, { resume: kept.snapshot as Uint8Array }))

  const received = await first(asked)
  expect(received).toMatchObject({ alias: 'Ann', words: 'For you', count: 2, bytes: 3_000_005, state: 'asked' })
  await until(kept, 'asked')
  // Taken, and the receiver restarts before anything was saved.
  const cut = new AbortController()
  const never = {
    saveShare: () => new Promise<void>((_, reject) => cut.signal.addEventListener('abort', reject)),
    saveStream: async () => {},
  }
  const cutting = received.receive(never, { signal: cut.signal }).catch(() => {})
  await until(kept, 'taken')
  cut.abort()
  await cutting
  await ben2.stop()

  const ben3 = await startBen()
  const { saver, files, find } = createMemorySaver()
  const [again] = offersOf(ben3).received() as [ReceivedOffer]
  expect(again).toMatchObject({ id: offer.id, state: 'taken', alias: 'Ann' })
  await again.receive(saver)
  expect(Buffer.compare(find('bread.bin') ?? new Uint8Array(), bytes)).toBe(0)
  expect([...files.keys()].map((path) => path.split('/')[1]).sort()).toEqual(['bread.bin', 'note', 'words.txt'])
  await until(kept, 'done')
  expect(offersOf(ben3).received()).toEqual([])
  expect(kept.share?.state).toBe('ended')
  await ann2.stop()
  const ann3 = await startAnn()
  expect(offersOf(ann3).made()).toMatchObject([{ id: offer.id, state: 'done', snapshot: undefined }])
})

it('rules of a contact, a refusal, an offer taken back, and a contact that is removed', async () => {
  const { ann, ben } = await world()
  const [toBen, ofAnn] = [offersOf(ann), offersOf(ben)]
  expect(ofAnn.ruleOf('Ann')).toBe('ask')
  await ofAnn.setRule('Ann', { upTo: 1_000 })
  const saving = createMemorySaver()
  const asked: ReceivedOffer[] = []
  ofAnn.onOffer((offer) => {
    if (offer.state === 'taken') offer.receive(saving.saver).catch(() => {})
    else asked.push(offer)
  })
  const small = await toBen.make('Ben', [file('small.bin', randomBytes(1_000))])
  await until(small, 'done')
  expect(saving.find('small.bin')?.byteLength).toBe(1_000)
  expect(asked).toEqual([])

  const large = await toBen.make('Ben', [file('large.bin', randomBytes(1_001))])
  await (await first(asked)).refuse()
  await until(large, 'refused')
  expect(large.share?.state).toBe('ended')

  const withdrawn = await toBen.make('Ben', [file('other.bin', randomBytes(2_000))])
  await waitFor(() => asked.length === 2, WAIT_MS, 'the third is asked about')
  await withdrawn.close()
  await waitFor(() => asked[1]?.state === 'over', WAIT_MS, 'it goes from the other side')
  await expect(asked[1]?.receive(saving.saver)).rejects.toMatchObject({ code: 'ERR_SHARE_ENDED' })

  const last = await toBen.make('Ben', [file('last.bin', randomBytes(2_000))])
  await waitFor(() => asked.length === 3, WAIT_MS, 'the fourth is asked about')
  await ben.people.contacts.remove(ann.people.account.id)
  await waitFor(() => asked[2]?.state === 'over', WAIT_MS, 'a removed contact offers nothing')
  await ann.people.contacts.block(ben.people.account.id)
  await until(last, 'ended')
  await expect(toBen.make('Ben', [file('x', randomBytes(1))])).rejects.toMatchObject({ code: 'ERR_NOBODY' })
  expect(ofAnn.received()).toEqual([])
})

it("one's own other instances take without a question, and one of them has it; strangers offer nothing", async () => {
  const { network, a, b, ann, ben } = await world()
  const words = (await ann.people.account.words()).join(' ')
  const others: Peer[] = []
  for (const node of [a, b]) others.push(await network.addTab(node, { sharing: true, people: { account: { kind: 'words', words } } }))
  const saving = createMemorySaver()
  let isOver = 0
  for (const other of others) {
    offersOf(other).onOffer((offer) => {
      offer.receive(saving.saver).catch(() => void isOver++)
    })
    await other.people.connect()
  }
  await waitForPresent(ann.people, [ben, ...others])
  const offer = await offersOf(ann).make('Us', [file('mine.bin', randomBytes(500_000))])
  await until(offer, 'done')
  await waitFor(() => others.every((other) => offersOf(other).received().length === 0), WAIT_MS, 'nobody goes on receiving')
  expect([...saving.files.keys()].filter((path) => path.endsWith('mine.bin'))).toHaveLength(1)
  expect(isOver).toBeLessThan(2)

  const eve = await network.addTab(b, { sharing: true, people: { account: { kind: 'guest' } } })
  await eve.people.connect()
  const heard = listen(ben)
  await expect(offersOf(eve).make(ben.people.account.id, [file('x', randomBytes(1))])).rejects.toMatchObject({ code: 'ERR_NOBODY' })
  expect(heard).toEqual([])
})

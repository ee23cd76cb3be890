import { beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { createFetcher, FETCHER_DEFAULTS, type FetcherOptions } from '../../../node/content/fetch/fetcher.ts'
import type { ContentReply } from '../../../node/content/protocol/content-client.ts'
import type { RequestTarget } from '../../../node/content/protocol/content-streams.ts'
import { ASK_SCOPE, type AskScope } from '../../../node/content/protocol/wire.ts'
import { MayflyError, type PeerEvent } from '../../../node/index.ts'
import { encodeKeyHex, sha256 } from '../../../node/keys/index.ts'
import type { FindOptions, GivenContent, Holder } from '../../../node/rendezvous/types.ts'
import { createSeededPeer, type SeededPeer } from '../../helpers/seeded-peer.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const PAGE = new TextEncoder().encode('the right page')
const WRONG = { bytes: new TextEncoder().encode('another page') }
const RIGHT = { bytes: PAGE }
const NOT_HELD = { none: 'not-held' } as const

let key: Uint8Array
let self: SeededPeer
let peers: SeededPeer[]
beforeAll(async () => {
  key = await sha256(PAGE)
  ;[self, ...peers] = (await Promise.all(Array.from({ length: 14 }, (_, i) => createSeededPeer(i + 1)))) as [SeededPeer, ...SeededPeer[]]
})

interface Request {
  peer: string
  scope: AskScope
  stallMs: number
  signal: AbortSignal
}
type Answer = ContentReply | Promise<ContentReply> | ((request: Request) => Promise<ContentReply>)

/** A peer that never answers. The request ends when it is aborted. */
const silent = ({ signal }: Request) =>
  new Promise<ContentReply>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))

/** The holders of the key, in the order in which they are found, and what each answers. */
interface World {
  holders: [peer: SeededPeer, answer: Answer, home?: SeededPeer][]
  tabs: [peer: SeededPeer, answer: Answer][]
  home?: [peer: SeededPeer, answer: Answer]
  findFails?: Error
  /** Content that comes with each answer to a find. */
  given?: GivenContent
}

let asked: Request[]
let events: PeerEvent[]
let finds: number
beforeEach(() => {
  asked = []
  events = []
  finds = 0
})

function createFetching(given: Partial<World>, options: FetcherOptions = {}) {
  const world: World = { holders: [], tabs: [], ...given }
  const client = {
    async request({ peer, scope, stallMs }: RequestTarget, _key: Uint8Array, { signal }: { signal: AbortSignal }) {
      const request = { peer, scope, stallMs, signal }
      asked.push(request)
      const all: [SeededPeer, Answer][] = [
        ...(world.home === undefined ? [] : [world.home]),
        ...world.tabs,
        ...world.holders.map(([holder, answer, home]): [SeededPeer, Answer] => [home ?? holder, answer]),
      ]
      const answer = all.find(([{ id }]) => id === request.peer)?.[1] ?? NOT_HELD
      return typeof answer === 'function' ? answer(request) : answer
    },
  }
  const fetcher = createFetcher(
    {
      self: self.id,
      client,
      tabsHolding: () => world.tabs.map(([{ id }]) => id),
      async *find(_key: Uint8Array, { onContent }: FindOptions): AsyncGenerator<Holder> {
        finds++
        if (world.findFails !== undefined) throw world.findFails
        if (world.given !== undefined) onContent?.(world.given)
        for (const [{ id }, , home] of world.holders)
          yield { peer: id, home: home?.id ?? id, addresses: [], expiresAtMs: Date.now() + 9_000, signed: true }
      },
      home: () => world.home?.[0].peer,
      emit: (event) => events.push(event),
    },
    { hedgeMs: 20, ...options },
  )
  return {
    fetcher,
    world,
    fetch: (reach: 'tabs' | 'network' = 'network', signal?: AbortSignal) => fetcher.fetch(key, reach, signal ? { signal } : {}),
  }
}
const named = () => events.flatMap((event) => (event.type === 'bad-holder' ? [event.peer] : []))
const askedOf = () => asked.map(({ peer }) => peer)
const code = (expected: string) => expect.objectContaining({ code: expected })

test('fetcher: gets the right bytes, and names their source', async () => {
  const [a] = peers as [SeededPeer]
  const { fetch } = createFetching({ holders: [[a, RIGHT]] })
  expect(await fetch()).toEqual({ key, bytes: PAGE, from: a.id })
  expect(events).toEqual([{ type: 'fetched', key: encodeKeyHex(key), bytes: PAGE.byteLength, from: a.id, ms: expect.any(Number) }])
})

test('fetcher: fifty callers at the same time cost one request', async () => {
  const [a] = peers as [SeededPeer]
  const answer = Promise.withResolvers<ContentReply>()
  const { fetch } = createFetching({ holders: [[a, answer.promise]] })
  const all = Array.from({ length: 50 }, () => fetch())
  await waitFor(() => asked.length > 0, 1_000, 'the request')
  answer.resolve(RIGHT)
  for (const content of await Promise.all(all)) expect(content).toMatchObject({ bytes: PAGE })
  expect(askedOf()).toEqual([a.id])
  expect(finds).toBe(1)
  expect(events).toHaveLength(1)
  await fetch()
  expect(asked).toHaveLength(2)
})

test('fetcher: wrong bytes are never returned; their sender is named and the next holder is asked', async () => {
  const [liar, honest] = peers as [SeededPeer, SeededPeer]
  const { fetch } = createFetching({
    holders: [
      [liar, WRONG],
      [honest, RIGHT],
    ],
  })
  expect((await fetch()).from).toBe(honest.id)
  expect(events[0]).toMatchObject({ type: 'bad-holder', key: encodeKeyHex(key), peer: liar.id, home: liar.id })
})

test('fetcher: a broken answer names the holder and the home that sent it', async () => {
  const [liar, home, honest] = peers as [SeededPeer, SeededPeer, SeededPeer]
  const { fetch } = createFetching({
    holders: [
      [liar, { broken: 'too long' }, home],
      [honest, RIGHT],
    ],
  })
  await fetch()
  expect(events[0]).toMatchObject({ type: 'bad-holder', peer: liar.id, home: home.id, reason: 'too long' })
})

test('fetcher: a holder that left, or cannot be reached, is no bad holder, and is not asked last the next time', async () => {
  const [gone, honest] = peers as [SeededPeer, SeededPeer]
  const { fetch } = createFetching({
    holders: [
      [gone, { unreachable: 'the stream ended' }],
      [honest, RIGHT],
    ],
  })
  expect((await fetch()).from).toBe(honest.id)
  expect(events.map(({ type }) => type)).toEqual(['lost-holder', 'fetched'])
  expect(events[0]).toMatchObject({ peer: gone.id, reason: 'the stream ended' })
  asked.length = 0
  await fetch()
  expect(askedOf()[0]).toBe(gone.id)
})

test('fetcher: a peer that sent wrong bytes is asked last the next time, until it sends the right ones', async () => {
  const [liar, honest] = peers as [SeededPeer, SeededPeer]
  const { fetch, world } = createFetching({
    holders: [
      [liar, WRONG],
      [honest, RIGHT],
    ],
  })
  await fetch()
  asked.length = 0
  await fetch()
  expect(askedOf()).toEqual([honest.id])
  world.holders = [
    [liar, RIGHT],
    [honest, NOT_HELD],
  ]
  asked.length = 0
  expect((await fetch()).from).toBe(liar.id)
  expect(askedOf()).toEqual([honest.id, liar.id])
  asked.length = 0
  await fetch()
  expect(askedOf()).toEqual([liar.id])
})

test('fetcher: distrustMs is how long a peer is asked last', async () => {
  const [liar, honest] = peers as [SeededPeer, SeededPeer]
  const { fetch } = createFetching(
    {
      holders: [
        [liar, WRONG],
        [honest, RIGHT],
      ],
    },
    { distrustMs: 0 },
  )
  await fetch()
  asked.length = 0
  await fetch()
  expect(askedOf()).toEqual([liar.id, honest.id])
})

test('fetcher: hedgeMs is how long the first holder may be silent before the next is asked as well', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const [slow, next] = peers as [SeededPeer, SeededPeer]
  const { fetch } = createFetching(
    {
      holders: [
        [slow, silent],
        [next, RIGHT],
      ],
    },
    { hedgeMs: 100 },
  )
  const fetched = fetch()
  await vi.advanceTimersByTimeAsync(99)
  expect(askedOf()).toEqual([slow.id])
  await vi.advanceTimersByTimeAsync(1)
  expect((await fetched).from).toBe(next.id)
  expect(asked[0]?.signal.aborted).toBe(true)
})

test('fetcher: the next holder is asked at once when the first has nothing', async () => {
  const [gone, next] = peers as [SeededPeer, SeededPeer]
  const { fetch } = createFetching(
    {
      holders: [
        [gone, NOT_HELD],
        [next, RIGHT],
      ],
    },
    { hedgeMs: 60_000 },
  )
  expect((await fetch()).from).toBe(next.id)
  expect(named()).toEqual([])
})

test('fetcher: a slow holder may still be the first to send the right bytes', async () => {
  const [slow, liar] = peers as [SeededPeer, SeededPeer]
  const answer = Promise.withResolvers<ContentReply>()
  const { fetch } = createFetching({
    holders: [
      [slow, answer.promise],
      [liar, WRONG],
    ],
  })
  const fetched = fetch()
  await waitFor(() => named().length === 1, 1_000, 'the liar is named')
  answer.resolve(RIGHT)
  expect((await fetched).from).toBe(slow.id)
})

test('fetcher: maxParallel bounds the holders asked at the same time', async () => {
  let running = 0
  let most = 0
  const slow = async (): Promise<ContentReply> => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setTimeout(resolve, 10))
    running--
    return NOT_HELD
  }
  const { fetch } = createFetching({ holders: peers.map((peer): [SeededPeer, Answer] => [peer, slow]) }, { maxParallel: 3, hedgeMs: 1 })
  await expect(fetch()).rejects.toEqual(code('ERR_NO_HOLDER'))
  expect(asked).toHaveLength(peers.length)
  expect(most).toBe(3)
})

test('fetcher: maxTries bounds the holders asked in all', async () => {
  const { fetch } = createFetching({ holders: peers.map((peer): [SeededPeer, Answer] => [peer, WRONG]) }, { maxTries: 4 })
  await expect(fetch()).rejects.toEqual(code('ERR_UNAVAILABLE'))
  expect(asked).toHaveLength(4)
})

test('fetcher: ERR_NO_HOLDER when all holders that are found have nothing, and when none is found', async () => {
  const [a, b] = peers as [SeededPeer, SeededPeer]
  await expect(
    createFetching({
      holders: [
        [a, NOT_HELD],
        [b, NOT_HELD],
      ],
    }).fetch(),
  ).rejects.toEqual(code('ERR_NO_HOLDER'))
  await expect(createFetching({}).fetch()).rejects.toEqual(code('ERR_NO_HOLDER'))
  expect(named()).toEqual([])
})

test('fetcher: ERR_UNAVAILABLE when there are holders that could not send it', async () => {
  const [a, b] = peers as [SeededPeer, SeededPeer]
  for (const answer of [WRONG, { broken: 'silent' }, { none: 'busy' }, { none: 'unavailable' }] as const)
    await expect(
      createFetching({
        holders: [
          [a, NOT_HELD],
          [b, answer],
        ],
      }).fetch(),
    ).rejects.toEqual(code('ERR_UNAVAILABLE'))
})

test('fetcher: ERR_NO_NETWORK when no peer can be asked, here or at the home', async () => {
  const [home] = peers as [SeededPeer]
  const findFails = new MayflyError('ERR_NO_NETWORK', 'alone')
  await expect(createFetching({ findFails }).fetch()).rejects.toEqual(code('ERR_NO_NETWORK'))
  await expect(createFetching({ home: [home, { none: 'no-network' }] }).fetch()).rejects.toEqual(code('ERR_NO_NETWORK'))
})

test('fetcher: a failing search does not take away an answer that is under way', async () => {
  const [home] = peers as [SeededPeer]
  const { fetch } = createFetching({ home: [home, async () => RIGHT], findFails: new MayflyError('ERR_NO_NETWORK', 'alone') })
  expect((await fetch()).from).toBe(home.id)
})

test('fetcher: a tab asks its home about the whole network first, and gives it time for several', async () => {
  const [home, a] = peers as [SeededPeer, SeededPeer]
  const { fetch } = createFetching({ home: [home, NOT_HELD], holders: [[a, RIGHT]] })
  await fetch()
  expect(asked.map(({ peer, scope }) => [peer, scope])).toEqual([
    [home.id, ASK_SCOPE.network],
    [a.id, ASK_SCOPE.own],
  ])
  expect(asked[0]?.stallMs).toBeGreaterThan(FETCHER_DEFAULTS.homeStallMs)
})

test('fetcher: stallMs is for a node that holds it, homeStallMs for a home that must ask its tabs', async () => {
  const [node, tab, home] = peers as [SeededPeer, SeededPeer, SeededPeer]
  const { fetch } = createFetching(
    {
      holders: [
        [node, NOT_HELD],
        [tab, RIGHT, home],
      ],
    },
    { stallMs: 11, homeStallMs: 22 },
  )
  await fetch()
  expect(asked.map(({ stallMs }) => stallMs)).toEqual([11, 22])
})

test('fetcher: many tabs behind one home are one request to it', async () => {
  const [a, b, home] = peers as [SeededPeer, SeededPeer, SeededPeer]
  const { fetch } = createFetching({
    holders: [
      [a, NOT_HELD, home],
      [b, NOT_HELD, home],
    ],
  })
  await expect(fetch()).rejects.toEqual(code('ERR_NO_HOLDER'))
  expect(askedOf()).toEqual([home.id])
})

test('fetcher: a peer never asks itself', async () => {
  const [tab] = peers as [SeededPeer]
  const { fetch } = createFetching({ holders: [[tab, RIGHT, self]] })
  await expect(fetch()).rejects.toEqual(code('ERR_NO_HOLDER'))
  expect(asked).toEqual([])
})

test('fetcher: asks its own tabs before the network, and no other peer where only tabs may be asked', async () => {
  const [tab, a] = peers as [SeededPeer, SeededPeer]
  const { fetch, world } = createFetching({ tabs: [[tab, RIGHT]], holders: [[a, RIGHT]] })
  expect((await fetch()).from).toBe(tab.id)
  expect(finds).toBe(0)
  world.tabs = [[tab, WRONG]]
  expect((await fetch()).from).toBe(a.id)
  await expect(fetch('tabs')).rejects.toEqual(code('ERR_UNAVAILABLE'))
  expect(finds).toBe(1)
})

test('fetcher: one upload of a tab serves callers from the overlay and from the gateway', async () => {
  const [tab] = peers as [SeededPeer]
  const answer = Promise.withResolvers<ContentReply>()
  const { fetch } = createFetching({ tabs: [[tab, answer.promise]] })
  const all = [fetch('tabs'), fetch('network'), fetch('tabs'), fetch('network')]
  await waitFor(() => asked.length > 0, 1_000, 'the request')
  answer.resolve(RIGHT)
  await Promise.all(all)
  expect(asked).toHaveLength(1)
})

test('fetcher: a caller that gives up does not end the fetch of the others', async () => {
  const [a] = peers as [SeededPeer]
  const answer = Promise.withResolvers<ContentReply>()
  const { fetch } = createFetching({ holders: [[a, answer.promise]] })
  const controller = new AbortController()
  const reason = new Error('enough')
  const [impatient, patient] = [fetch('network', controller.signal), fetch()]
  await waitFor(() => asked.length === 1, 1_000, 'the request')
  controller.abort(reason)
  await expect(impatient).rejects.toBe(reason)
  expect(asked[0]?.signal.aborted).toBe(false)
  answer.resolve(RIGHT)
  expect(await patient).toMatchObject({ bytes: PAGE })
})

test('fetcher: when all callers have given up the requests end, and the next caller begins anew', async () => {
  const [a, b] = peers as [SeededPeer, SeededPeer]
  const { fetch, world } = createFetching(
    {
      holders: [
        [a, silent],
        [b, silent],
      ],
    },
    { hedgeMs: 1 },
  )
  const controllers = [new AbortController(), new AbortController()]
  const fetches = controllers.map(({ signal }) => fetch('network', signal))
  await waitFor(() => asked.length === 2, 1_000, 'both requests')
  for (const controller of controllers) controller.abort(new Error('enough'))
  for (const fetched of fetches) await expect(fetched).rejects.toThrow()
  await waitFor(() => asked.every(({ signal }) => signal.aborted), 1_000, 'the end of both')
  expect(events).toEqual([])
  world.holders = [[a, RIGHT]]
  expect((await fetch()).from).toBe(a.id)
})

test('fetcher: a caller that has given up before costs no request', async () => {
  const { fetch } = createFetching({ holders: [[peers[0] as SeededPeer, RIGHT]] })
  const reason = new Error('enough')
  await expect(fetch('network', AbortSignal.abort(reason))).rejects.toBe(reason)
  expect(asked).toEqual([])
})

test('fetcher: content that comes with a find is checked like any other; a liar is named, and the holders are asked', async () => {
  const [holder, server] = peers as [SeededPeer, SeededPeer]
  const right = createFetching({ holders: [[holder, silent]], given: { bytes: PAGE, from: server.id } })
  expect(await right.fetch()).toEqual({ key, bytes: PAGE, from: server.id })
  expect([asked, named()]).toEqual([[], []])
  const wrong = createFetching({ holders: [[holder, RIGHT]], given: { bytes: WRONG.bytes, from: server.id } })
  expect(await wrong.fetch()).toMatchObject({ bytes: PAGE, from: holder.id })
  expect(named()).toEqual([server.id])
})

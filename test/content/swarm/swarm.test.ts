/** How a downloader's swarm uses holders of the whole and other downloaders. The test decides what they have and send. */

import { afterEach, beforeAll, expect, test } from 'vitest'
import type { Candidate } from '../../../node/content/fetch/candidates.ts'
import type { Outline } from '../../../node/content/format/outline.ts'
import type { ContentReply } from '../../../node/content/protocol/content-client.ts'
import { createSwarm, type Swarm } from '../../../node/content/swarm/swarm.ts'
import type { Part, SwarmOptions } from '../../../node/content/swarm/swarm-options.ts'
import { sha256 } from '../../../node/keys/index.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const PIECES = 8
const pieceOf = (index: number) => Uint8Array.of(index, index)

let outline: Outline
beforeAll(async () => {
  const hashes = await Promise.all(Array.from({ length: PIECES }, (_, index) => sha256(pieceOf(index))))
  outline = { size: PIECES * 2, pieceBytes: 2, hashes: Buffer.concat(hashes) }
})

interface Other {
  part: Part
  /** Left out: all. */
  has?: number[]
  isDirect?: boolean
  /** No search finds it. */
  isHidden?: boolean
  give?: (index: number) => Promise<ContentReply>
}

const right = async (index: number): Promise<ContentReply> => ({ bytes: pieceOf(index) })
const swarms: Swarm[] = []
afterEach(() => {
  for (const swarm of swarms.splice(0)) swarm.stop()
})

function startSwarm(others: Map<string, Other>, options: SwarmOptions = {}, random: () => number = () => 0) {
  const asked: string[] = []
  const searches: Part[] = []
  const distrusted: string[] = []
  const counts: Partial<Record<Part, (count: number) => void>> = {}
  const swarm = createSwarm(
    {
      outline,
      async *candidates(part) {
        searches.push(part)
        for (const [peer, other] of others) {
          if (other.part === part && !other.isHidden)
            yield { peer, holder: peer, addresses: [], scope: 0, stallMs: 1, isDirect: other.isDirect === true } satisfies Candidate
        }
      },
      onCount(part, listener) {
        counts[part] = listener
        return () => {
          delete counts[part]
        }
      },
      follow(candidate, onPieces) {
        onPieces(others.get(candidate.peer)?.has ?? [])
        return new Promise(() => {})
      },
      requestPiece: async ({ peer }, index) => {
        asked.push(`${peer} ${index}`)
        return (others.get(peer)?.give ?? right)(index)
      },
      distrust: ({ peer }) => distrusted.push(peer),
      random,
    },
    { minSlowMs: 60_000, fallbackAfterMs: 60_000, retryMs: 5, ...options },
  )
  swarms.push(swarm)
  return { swarm, asked, searches, distrusted, tellCount: (part: Part, count: number) => counts[part]?.(count), counts }
}

const signal = AbortSignal.timeout(30_000)
const ALL = Array.from({ length: PIECES }, (_, index) => index)

test('swarm: the rarest piece that a member can be asked for is picked first', async () => {
  const { swarm, tellCount } = startSwarm(
    new Map<string, Other>([
      ['a', { part: 'some', has: [0, 1, 2, 3] }],
      ['b', { part: 'some', has: [0, 1, 2] }],
      ['c', { part: 'some', has: [0, 1] }],
    ]),
  )
  tellCount('some', 3)
  await waitFor(() => swarm.pick(ALL) === 3, 5_000, 'all three are heard')
  expect([ALL, [0, 1, 2], [0, 1], [4]].map((wanted) => swarm.pick(wanted))).toEqual([3, 2, 0, undefined])
})

test('swarm: of equal pieces the first is picked while nobody else downloads, and any one when others do', async () => {
  const { swarm, tellCount, counts } = startSwarm(new Map<string, Other>([['whole', { part: 'whole' }]]), {}, () => 0.5)
  await waitFor(() => swarm.pick(ALL) !== undefined && counts.some !== undefined, 5_000, 'the holder is met')
  const picked = [0, 1, 2].map((count) => {
    tellCount('some', count)
    return swarm.pick(ALL)
  })
  expect(picked).toEqual([0, 0, PIECES / 2])
})

test('swarm: its feed has the pieces of all downloaders together, and ends when nobody has one of them any more', async () => {
  const has = [0, 1]
  const { swarm, tellCount } = startSwarm(
    new Map<string, Other>([
      ['whole', { part: 'whole' }],
      ['a', { part: 'some', has }],
      ['b', { part: 'some', has: [1, 2], give: async () => ({ bytes: Uint8Array.of(9, 9) }) }],
    ]),
  )
  const news: (number | undefined)[] = []
  swarm.feed.onPiece((index) => news.push(index))
  tellCount('some', 2)
  await waitFor(() => swarm.feed.pieces.size === 3, 5_000, 'both are heard')
  expect(news).toEqual([0, 1, 2])
  await swarm.piece(2, { signal }) // b lies and is dropped, and the holder of the whole asked
  expect(news).toEqual([0, 1, 2, undefined])
  expect(ALL.filter((index) => swarm.feed.pieces.has(index))).toEqual([0, 1])
})

test('swarm: a piece that only a holder of the whole has is rarer than one that a downloader has', async () => {
  const { swarm, tellCount } = startSwarm(
    new Map<string, Other>([
      ['whole', { part: 'whole' }],
      ['some', { part: 'some', has: [0, 1, 2, 3, 4, 5, 7] }],
    ]),
  )
  tellCount('some', 1)
  await waitFor(() => swarm.pick(ALL) === 6, 5_000, 'both are heard')
})

test('swarm: each piece is requested from a downloader that has it, and from the holder of the whole only when none has', async () => {
  const { swarm, asked, tellCount } = startSwarm(
    new Map<string, Other>([
      ['whole', { part: 'whole' }],
      ['some', { part: 'some', has: [1, 3, 5] }],
    ]),
  )
  tellCount('some', 1)
  await waitFor(() => swarm.pick([0, 1]) === 0, 5_000, 'both are heard')
  for (const index of [0, 1, 2, 3]) await swarm.piece(index, { signal })
  expect(asked).toEqual(['whole 0', 'some 1', 'whole 2', 'some 3'])
})

test('swarm: a downloader that sends wrong bytes is asked once, and never again however often it is found', async () => {
  const wrong = async (): Promise<ContentReply> => ({ bytes: Uint8Array.of(9, 9) })
  const { swarm, asked, distrusted, tellCount } = startSwarm(
    new Map<string, Other>([
      ['whole', { part: 'whole' }],
      ['liar', { part: 'some', has: ALL, give: wrong }],
    ]),
    { isPatient: true },
  )
  tellCount('some', 1)
  await waitFor(() => !swarm.isSearching, 5_000, 'both are met')
  for (const index of [0, 1]) {
    expect((await swarm.piece(index, { signal })).bytes).toEqual(pieceOf(index))
    tellCount('some', 0)
    tellCount('some', 1)
    await waitFor(() => !swarm.isSearching, 5_000, 'it is found again')
  }
  expect(asked).toEqual(['liar 0', 'whole 0', 'whole 1'])
  expect(distrusted).toEqual(['liar'])
})

test('swarm: an impatient swarm fails when no member has a piece, a patient one asks the next that comes', async () => {
  const others = new Map<string, Other>([['some', { part: 'some', has: [1] }]])
  const impatient = startSwarm(others)
  impatient.tellCount('some', 1)
  await waitFor(() => impatient.swarm.pick([1]) === 1, 5_000, 'it is heard')
  await expect(impatient.swarm.piece(0, { signal })).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })

  const { swarm, tellCount } = startSwarm(others, { isPatient: true })
  tellCount('some', 1)
  await waitFor(() => swarm.pick([1]) === 1, 5_000, 'it is heard')
  expect(swarm.pick([0])).toBeUndefined()
  others.set('whole', { part: 'whole' })
  tellCount('whole', 1)
  await waitFor(() => swarm.pick([0]) === 0, 5_000, 'who came is met')
  expect((await swarm.piece(0, { signal })).from.peer).toBe('whole')
})

test('swarm: a member that failed is searched for again after a while, though no count changes', async () => {
  let isAway = true
  const { swarm, asked } = startSwarm(
    new Map<string, Other>([['whole', { part: 'whole', give: async (index) => (isAway ? { unreachable: 'away' } : right(index)) }]]),
    { isPatient: true },
  )
  await waitFor(() => swarm.pick([0]) === 0, 5_000, 'it is met')
  await expect(swarm.piece(0, { signal })).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  expect(asked).toHaveLength(3)
  isAway = false
  await waitFor(() => swarm.pick([0]) === 0, 10_000, 'it is met again')
  expect((await swarm.piece(0, { signal })).bytes).toEqual(pieceOf(0))
})

test('swarm: a tab that could not be reached directly is searched for again while another member sends', async () => {
  let isBusy = true
  const others = new Map<string, Other>([
    ['tab', { part: 'whole', isDirect: true, give: async (index) => (isBusy ? { unreachable: 'no answer' } : right(index)) }],
    ['node', { part: 'whole' }],
  ])
  const tab = others.get('tab') as Other
  const { swarm, asked, searches } = startSwarm(others, { isPatient: true, reachAgainMs: 200, retryMs: 20 })
  await waitFor(() => swarm.pick([0]) === 0, 5_000, 'it is met')
  tab.isHidden = true // as a tab that could not be reached has no address for a while
  for (let index = 0; !asked.some((ask) => ask.startsWith('tab')); index++) await swarm.piece(index % PIECES, { signal })
  isBusy = false
  const hasLooked = () => searches.filter((part) => part === 'whole').length >= 2 && !swarm.isSearching
  await waitFor(hasLooked, 5_000, 'it has looked for others')
  tab.isHidden = false
  const givesAgain = async () => (await swarm.piece(1, { signal })).from.peer === 'tab'
  await waitFor(givesAgain, 10_000, 'it is asked again, and gives')
})

test('swarm: a swarm full of downloaders without a piece makes room for one that has it', async () => {
  const poor = Array.from({ length: 3 }, (_, i): [string, Other] => [`poor ${i}`, { part: 'some', has: [i] }])
  const { swarm, tellCount } = startSwarm(new Map<string, Other>([...poor, ['rich', { part: 'some', has: [7] }]]), {
    isPatient: true,
    maxHolders: 3,
  })
  tellCount('some', 4)
  await waitFor(() => swarm.pick([7]) === 7, 5_000, 'the one that has it is met')
})

test('swarm: once stopped it counts no more', () => {
  const { swarm, counts } = startSwarm(new Map())
  expect(Object.keys(counts).toSorted()).toEqual(['some', 'whole'])
  swarm.stop()
  expect(counts).toEqual({})
})

/** When the home, whose owner pays for its bytes, is asked beside tabs that can be asked directly. */

import { afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { Candidate } from '../../../node/content/fetch/candidates.ts'
import type { Outline } from '../../../node/content/format/outline.ts'
import type { ContentReply } from '../../../node/content/protocol/content-client.ts'
import { createSwarm, type Swarm } from '../../../node/content/swarm/swarm.ts'
import type { SwarmOptions } from '../../../node/content/swarm/swarm-options.ts'
import { sha256 } from '../../../node/keys/index.ts'

const PIECES = 12
const pieceOf = (index: number) => Uint8Array.of(index, index)

let outline: Outline
beforeAll(async () => {
  const hashes = await Promise.all(Array.from({ length: PIECES }, (_, index) => sha256(pieceOf(index))))
  outline = { size: PIECES * 2, pieceBytes: 2, hashes: Buffer.concat(hashes) }
})

const candidate = (peer: string, more: Partial<Candidate> = {}): Candidate => ({
  peer,
  addresses: [],
  scope: 0,
  stallMs: 1,
  holder: peer,
  ...more,
})
const HOME = candidate('home', { isFallback: true })
const TAB = candidate('tab', { isDirect: true })
const NODE = candidate('node')

type Give = (index: number) => Promise<ContentReply>
const right: Give = async (index) => ({ bytes: pieceOf(index) })
const gone: Give = async () => ({ unreachable: 'gone' })
const never: Give = () => new Promise(() => {})

let asked: string[]
let distrusted: string[]
const swarms: Swarm[] = []
beforeEach(() => {
  asked = []
  distrusted = []
})
afterEach(() => {
  for (const swarm of swarms.splice(0)) swarm.stop()
})

function swarmOf(members: [Candidate, Give][], options: SwarmOptions = {}, found: Promise<void> = Promise.resolve()): Swarm {
  const swarm = createSwarm(
    {
      outline,
      async *candidates(part) {
        if (part === 'some') return
        for (const [member] of members) {
          if (!member.isFallback) await found
          yield member
        }
      },
      requestPiece: async ({ peer }, index) => {
        asked.push(peer)
        return (members.find(([member]) => member.peer === peer)?.[1] ?? never)(index)
      },
      onCount: () => () => {},
      follow: () => new Promise(() => {}),
      distrust: ({ peer }) => distrusted.push(peer),
      random: Math.random,
    },
    { fallbackAfterMs: 60_000, minSlowMs: 60_000, ...options },
  )
  swarms.push(swarm)
  return swarm
}

const signal = AbortSignal.timeout(30_000)
const all = async (swarm: Swarm) =>
  (await Promise.all(Array.from({ length: PIECES }, (_, index) => swarm.piece(index, { signal })))).map(({ from }) => from.peer)

test('swarm: while a tab sends directly, the fallback source is not asked', async () => {
  const froms = await all(
    swarmOf([
      [HOME, right],
      [TAB, right],
    ]),
  )
  expect(new Set(froms)).toEqual(new Set(['tab']))
  expect(asked).not.toContain('home')
})

test('swarm: the fallback source waits until it is known whether a tab can be asked', async () => {
  const found = Promise.withResolvers<void>()
  const swarm = swarmOf(
    [
      [HOME, right],
      [TAB, right],
    ],
    {},
    found.promise,
  )
  const first = swarm.piece(0, { signal })
  await new Promise<void>((resolve) => setImmediate(resolve))
  expect(asked).toEqual([])
  found.resolve()
  expect((await first).from.peer).toBe('tab')
})

test('swarm: a tab that cannot be reached, or leaves, is dropped at once and not distrusted; the fallback source sends the rest', async () => {
  const froms = await all(
    swarmOf([
      [HOME, right],
      [TAB, gone],
    ]),
  )
  expect(new Set(froms)).toEqual(new Set(['home']))
  expect(asked.filter((who) => who === 'tab')).toHaveLength(1)
  expect(distrusted).toEqual([])
})

test('swarm: another tab is asked before the fallback source when one leaves in the middle', async () => {
  const other = candidate('other', { isDirect: true })
  let given = 0
  const froms = await all(
    swarmOf([
      [HOME, right],
      [TAB, async (index) => (given++ < 3 ? right(index) : gone(index))],
      [other, right],
    ]),
  )
  expect(froms).not.toContain('home')
  expect(new Set(froms)).toEqual(new Set(['tab', 'other']))
})

test('swarm: a piece that a tab is slow with is requested from the fallback source, too', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const swarm = swarmOf(
    [
      [HOME, right],
      [TAB, never],
    ],
    { fallbackAfterMs: 20 },
  )
  const piece = swarm.piece(0, { signal })
  await vi.advanceTimersByTimeAsync(10_000)
  expect((await piece).from.peer).toBe('home')
  expect(asked).toEqual(['tab', 'home'])
})

test('swarm: where only nodes hold it, the home sends as well', async () => {
  const nodeAsked = Promise.withResolvers<void>()
  const home: Give = async (index) => {
    await nodeAsked.promise
    return right(index)
  }
  const node: Give = async (index) => {
    nodeAsked.resolve()
    return right(index)
  }
  const froms = await all(
    swarmOf([
      [HOME, home],
      [NODE, node],
    ]),
  )
  expect(new Set(froms)).toEqual(new Set(['home', 'node']))
})

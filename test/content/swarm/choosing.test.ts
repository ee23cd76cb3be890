/** Whom a swarm asks for a piece, of holders of the whole and of receivers that have some of it. */

import { expect, test } from 'vitest'
import { PieceSet } from '../../../node/content/format/piece-set.ts'
import type { Candidate } from '../../../node/content/protocol/candidate.ts'
import { createChoosing, type Wish } from '../../../node/content/swarm/choosing.ts'
import type { Member, Members } from '../../../node/content/swarm/members.ts'

const PIECES = 8

interface Facts extends Partial<Pick<Member, 'asked' | 'paceMs' | 'failures'>> {
  /** Left out: the whole. */
  pieces?: number[]
  candidate?: Partial<Candidate>
}

function memberOf(name: string, { pieces, candidate, ...facts }: Facts): Member {
  const some = pieces && new PieceSet(PIECES)
  for (const index of pieces ?? []) some?.add(index)
  return {
    candidate: { ask: name, holder: name, addresses: [], scope: 0, stallMs: 1, ...candidate },
    pieces: some,
    isHeard: true,
    asked: 0,
    paceMs: undefined,
    pacedAtMs: performance.now(),
    failures: 0,
    gone: new AbortController(),
    ...facts,
  }
}

interface Circumstances extends Omit<Wish, 'except'>, Partial<Pick<Members, 'receivers' | 'isGathering' | 'givenByTabs'>> {
  except?: string[]
}

/** Whom it chooses for a piece. */
function choose(facts: Record<string, Facts>, index: number, wish: Circumstances = {}): string | undefined {
  const members = new Map(Object.entries(facts).map(([name, each]) => [name, memberOf(name, each)]))
  const { receivers = 0, isGathering = false, givenByTabs = 0 } = wish
  const met = { [Symbol.iterator]: () => members.values(), isSearching: false, receivers, isGathering, givenByTabs } as unknown as Members
  const choosing = createChoosing(met, { maxPerHolder: 6, maxPerDirectHolder: 16, pieceCount: PIECES, slowFactor: 4 })
  const except = new Set((wish.except ?? []).flatMap((name) => members.get(name) ?? []))
  return choosing.best(index, { ...wish, except })?.candidate.ask
}

test('choosing: a receiver that has the piece comes before a holder of the whole, which comes before nobody', () => {
  const members = { whole: { paceMs: 10 }, helper: { paceMs: 300, pieces: [1, 2] } }
  expect([0, 1, 2].map((index) => choose(members, index))).toEqual(['whole', 'helper', 'helper'])
  expect(choose({ helper: members.helper }, 0)).toBeUndefined()
})

test('choosing: of equals, the one that would be done first; who was not tried, once', () => {
  expect(choose({ slow: { paceMs: 90 }, quick: { paceMs: 50 } }, 0)).toBe('quick')
  expect(choose({ slow: { paceMs: 90 }, quick: { paceMs: 50, asked: 3 } }, 0)).toBe('slow')
  expect(choose({ quick: { paceMs: 50 }, fresh: {} }, 0)).toBe('fresh')
  expect(choose({ quick: { paceMs: 50 }, fresh: { asked: 1 } }, 0)).toBe('quick')
})

test('choosing: the more receivers there are, the fewer pieces are asked of one holder of the whole at once', () => {
  const whole = { paceMs: 50, asked: 2 }
  const helpers = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`helper ${i}`, { pieces: [7], paceMs: 50 }]))
  expect([0, 1, 2, 5].map((count) => choose({ whole, ...helpers(count) }, 0))).toEqual(['whole', 'whole', undefined, undefined])
  expect(choose({ whole: { paceMs: 50 }, ...helpers(15) }, 0)).toBe('whole')
})

test('choosing: a receiver that is only busy is waited for, a slow one is not', () => {
  const whole = { paceMs: 50 }
  expect(choose({ whole, helper: { paceMs: 60, asked: 6, pieces: [0] } }, 0)).toBeUndefined()
  expect(choose({ whole, helper: { paceMs: 2_000, pieces: [0] } }, 0)).toBe('whole')
  expect(choose({ whole, helper: { paceMs: 60, failures: 1, pieces: [0] } }, 0)).toBe('whole')
  expect(choose({ helper: { paceMs: 2_000, pieces: [0] } }, 0)).toBe('helper')
})

test('choosing: who stalled once is not asked while a holder that does not is only busy, but when there is nobody else', () => {
  const stalled = { paceMs: 3_000 }
  expect(choose({ stalled, good: { paceMs: 50, asked: 6 } }, 0)).toBeUndefined()
  expect(choose({ stalled, good: { paceMs: 600, asked: 5 } }, 0)).toBe('good')
  expect(choose({ stalled }, 0)).toBe('stalled')
})

test('choosing: in a hurry, whoever is free: a receiver, a holder of the whole, then the reserve', () => {
  const isDirect = { isDirect: true }
  const members = {
    home: { candidate: { isReserve: true } },
    whole: { paceMs: 50, asked: 15, candidate: isDirect },
    helper: { paceMs: 50, pieces: [0], candidate: isDirect },
  }
  const hurry = (...except: string[]) => choose(members, 0, { isUrgent: true, except })
  expect([hurry(), hurry('helper'), hurry('helper', 'whole'), hurry('helper', 'whole', 'home')]).toEqual([
    'helper',
    'whole',
    'home',
    undefined,
  ])
})

test('choosing: more is asked at once of a tab that is asked directly', () => {
  const tab = { paceMs: 50, asked: 6 }
  expect(choose({ tab }, 0)).toBeUndefined()
  expect(choose({ tab: { ...tab, candidate: { isDirect: true } } }, 0)).toBe('tab')
})

test('choosing: a tab that has the whole is shared by all who receive it, a node is not', () => {
  const asked = (isDirect: boolean, receivers: number) =>
    [0, 1, 2, 3, 5, 15].filter((asked) => choose({ whole: { paceMs: 50, asked, candidate: { isDirect } } }, 0, { receivers }) !== undefined)
  expect(asked(true, 1)).toEqual([0, 1, 2, 3, 5, 15])
  expect(asked(true, 5)).toEqual([0, 1, 2])
  expect(asked(true, 40)).toEqual([0])
  expect(asked(false, 5)).toEqual([0, 1, 2, 3, 5])
})

test('choosing: while the others who receive it are being met, each takes its part of a tab, and no more', () => {
  const whole = { paceMs: 50, candidate: { isDirect: true } }
  const wish = { receivers: 4, isGathering: true }
  expect(choose({ whole }, 0, { ...wish, givenByTabs: 1 })).toBe('whole')
  expect(choose({ whole: { ...whole, asked: 1 } }, 0, { ...wish, givenByTabs: 1 })).toBeUndefined()
  expect(choose({ whole }, 0, { ...wish, givenByTabs: 2 })).toBeUndefined()
  expect(choose({ whole }, 0, { ...wish, givenByTabs: 2, isGathering: false })).toBe('whole')
  expect(choose({ whole: { paceMs: 50 } }, 0, { ...wish, givenByTabs: 2 })).toBe('whole')
})

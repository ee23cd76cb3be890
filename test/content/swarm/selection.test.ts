/** The member that a swarm selects for a piece, of holders of the whole and of downloaders that have some of it. */

import { expect, test } from 'vitest'
import type { Candidate } from '../../../node/content/fetch/candidates.ts'
import { PieceSet } from '../../../node/content/format/piece-set.ts'
import type { Member, Members } from '../../../node/content/swarm/members.ts'
import { createSelection, type SelectionNeeds } from '../../../node/content/swarm/selection.ts'

const PIECES = 8

interface Facts extends Partial<Pick<Member, 'inFlight' | 'latencyMs' | 'failures'>> {
  /** Left out: the whole. */
  pieces?: number[]
  candidate?: Partial<Candidate>
}

function memberOf(name: string, { pieces, candidate, ...facts }: Facts): Member {
  const some = pieces && new PieceSet(PIECES)
  for (const index of pieces ?? []) some?.add(index)
  return {
    candidate: { peer: name, holder: name, addresses: [], scope: 0, stallMs: 1, ...candidate },
    pieces: some,
    hasReported: true,
    inFlight: 0,
    latencyMs: undefined,
    measuredAtMs: performance.now(),
    failures: 0,
    left: new AbortController(),
    ...facts,
  }
}

interface Circumstances extends Omit<SelectionNeeds, 'except'>, Partial<Pick<Members, 'downloaders' | 'isGathering' | 'piecesFromTabs'>> {
  except?: string[]
}

/** The member that is selected for a piece. */
function choose(facts: Record<string, Facts>, index: number, needs: Circumstances = {}): string | undefined {
  const members = new Map(Object.entries(facts).map(([name, each]) => [name, memberOf(name, each)]))
  const { downloaders = 0, isGathering = false, piecesFromTabs = 0 } = needs
  const met = {
    [Symbol.iterator]: () => members.values(),
    isSearching: false,
    downloaders,
    isGathering,
    piecesFromTabs,
  } as unknown as Members
  const selection = createSelection(met, PIECES, { maxPerHolder: 6, maxPerDirectHolder: 16, slowFactor: 4 })
  const except = new Set((needs.except ?? []).flatMap((name) => members.get(name) ?? []))
  return selection.best(index, { ...needs, except })?.candidate.peer
}

test('selection: a downloader that has the piece comes before a holder of the whole, which comes before none', () => {
  const members = { whole: { latencyMs: 10 }, downloader: { latencyMs: 300, pieces: [1, 2] } }
  expect([0, 1, 2].map((index) => choose(members, index))).toEqual(['whole', 'downloader', 'downloader'])
  expect(choose({ downloader: members.downloader }, 0)).toBeUndefined()
})

test('selection: among equals the one that would be done first is asked; a new one gets one request', () => {
  expect(choose({ slow: { latencyMs: 90 }, quick: { latencyMs: 50 } }, 0)).toBe('quick')
  expect(choose({ slow: { latencyMs: 90 }, quick: { latencyMs: 50, inFlight: 3 } }, 0)).toBe('slow')
  expect(choose({ quick: { latencyMs: 50 }, fresh: {} }, 0)).toBe('fresh')
  expect(choose({ quick: { latencyMs: 50 }, fresh: { inFlight: 1 } }, 0)).toBe('quick')
})

test('selection: a known tab with the whole gets several requests before its first piece, and no more than its part', () => {
  const known = { isDirect: true, isKnown: true }
  const limitOf = (needs: Circumstances) =>
    [0, 1, 2, 3, 4].findIndex((inFlight) => choose({ tab: { candidate: known, inFlight } }, 0, needs) === undefined)
  expect([limitOf({}), limitOf({ downloaders: 8 })]).toEqual([4, 2])
  expect(choose({ tab: { candidate: { isDirect: true }, inFlight: 1 } }, 0)).toBeUndefined()
})

test('selection: the more downloaders there are, the fewer requests one holder of the whole gets at once', () => {
  const whole = { latencyMs: 50, inFlight: 2 }
  const downloaders = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`downloader ${i}`, { pieces: [7], latencyMs: 50 }]))
  expect([0, 1, 2, 5].map((count) => choose({ whole, ...downloaders(count) }, 0))).toEqual(['whole', 'whole', undefined, undefined])
  expect(choose({ whole: { latencyMs: 50 }, ...downloaders(15) }, 0)).toBe('whole')
})

test('selection: a busy downloader is waited for, a slow one is not', () => {
  const whole = { latencyMs: 50 }
  expect(choose({ whole, downloader: { latencyMs: 60, inFlight: 6, pieces: [0] } }, 0)).toBeUndefined()
  expect(choose({ whole, downloader: { latencyMs: 2_000, pieces: [0] } }, 0)).toBe('whole')
  expect(choose({ whole, downloader: { latencyMs: 60, failures: 1, pieces: [0] } }, 0)).toBe('whole')
  expect(choose({ downloader: { latencyMs: 2_000, pieces: [0] } }, 0)).toBe('downloader')
})

test('selection: a member that stalled is asked when there is no other, and not while another is only busy', () => {
  const stalled = { latencyMs: 3_000 }
  expect(choose({ stalled, good: { latencyMs: 50, inFlight: 6 } }, 0)).toBeUndefined()
  expect(choose({ stalled, good: { latencyMs: 600, inFlight: 5 } }, 0)).toBe('good')
  expect(choose({ stalled }, 0)).toBe('stalled')
})

test('selection: when urgent, any free member: a downloader, a holder of the whole, then the fallback source', () => {
  const isDirect = { isDirect: true }
  const members = {
    home: { candidate: { isFallback: true } },
    whole: { latencyMs: 50, inFlight: 15, candidate: isDirect },
    downloader: { latencyMs: 50, pieces: [0], candidate: isDirect },
  }
  const hurry = (...except: string[]) => choose(members, 0, { isUrgent: true, except })
  expect([hurry(), hurry('downloader'), hurry('downloader', 'whole'), hurry('downloader', 'whole', 'home')]).toEqual([
    'downloader',
    'whole',
    'home',
    undefined,
  ])
})

test('selection: a tab that is asked directly gets more requests at once', () => {
  const tab = { latencyMs: 50, inFlight: 6 }
  expect(choose({ tab }, 0)).toBeUndefined()
  expect(choose({ tab: { ...tab, candidate: { isDirect: true } } }, 0)).toBe('tab')
})

test('selection: a tab that has the whole is shared by all downloaders, a node is not', () => {
  const asked = (isDirect: boolean, downloaders: number) =>
    [0, 1, 2, 3, 5, 15].filter(
      (asked) => choose({ whole: { latencyMs: 50, inFlight: asked, candidate: { isDirect } } }, 0, { downloaders }) !== undefined,
    )
  expect(asked(true, 1)).toEqual([0, 1, 2, 3, 5, 15])
  expect(asked(true, 5)).toEqual([0, 1, 2])
  expect(asked(true, 40)).toEqual([0])
  expect(asked(false, 5)).toEqual([0, 1, 2, 3, 5])
})

test('selection: while the other downloaders are being connected, each takes its part of a tab, and no more', () => {
  const whole = { latencyMs: 50, candidate: { isDirect: true } }
  const needs = { downloaders: 4, isGathering: true }
  expect(choose({ whole }, 0, { ...needs, piecesFromTabs: 1 })).toBe('whole')
  expect(choose({ whole: { ...whole, inFlight: 1 } }, 0, { ...needs, piecesFromTabs: 1 })).toBeUndefined()
  expect(choose({ whole }, 0, { ...needs, piecesFromTabs: 2 })).toBeUndefined()
  expect(choose({ whole }, 0, { ...needs, piecesFromTabs: 2, isGathering: false })).toBe('whole')
  expect(choose({ whole: { latencyMs: 50 } }, 0, { ...needs, piecesFromTabs: 2 })).toBe('whole')
})

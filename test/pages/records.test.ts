/** The tab's records of messages, in the IndexedDB of a real Chromium. */

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useChromium } from '../helpers/chromium.ts'
import { OUTBOX_STORE_CASES, OUTCOMES } from '../helpers/outbox-store-suite.ts'
import type { recordsPage } from '../helpers/pages/records-page.ts'
import { type ScriptPage, serveScript } from '../helpers/script-page.ts'

let site: ScriptPage
beforeAll(async () => {
  site = await serveScript(new URL('../helpers/pages/records-page.ts', import.meta.url))
})
afterAll(() => site?.[Symbol.asyncDispose]())
const chromium = useChromium()

type Calls = typeof recordsPage

/** A page with empty databases of its own. */
async function openPage(): Promise<Page> {
  const page = await chromium.newPage()
  await page.goto(site.url)
  await page.waitForFunction(() => window.recordsPage !== undefined)
  return page
}

function call<Name extends keyof Calls>(
  page: Page,
  name: Name,
  ...given: Parameters<Calls[Name]>
): Promise<Awaited<ReturnType<Calls[Name]>>> {
  const run = ({ name, given }: { name: Name; given: unknown[] }) => {
    const called = window.recordsPage?.[name] as (...all: unknown[]) => never
    return called(...given)
  }
  return page.evaluate(run as never, { name, given } as never)
}

it('a page that is left and kept for the way back leaves no transaction open, which another page would wait for', async () => {
  const page = await openPage()
  expect(await call(page, 'leaveWhileChanging', { persisted: true })).toEqual({ outcome: 'TransactionInactiveError', rows: 0 })
  expect(await call(page, 'leaveWhileChanging', { persisted: false })).toEqual({ outcome: 'done', rows: 2 })
})

describe('the outbox', () => {
  it('keeps every promise of an outbox store', async () => {
    const page = await openPage()
    expect(OUTBOX_STORE_CASES.length).toBeGreaterThan(8)
    for (const { name } of OUTBOX_STORE_CASES) {
      await call(page, 'runOutboxCase', name).catch((error: Error) => expect.fail(`${name}: ${error.message}`))
    }
  })

  it('survives a reload, and another tab is notified of changes', async () => {
    const page = await openPage()
    await call(page, 'putOutbox')
    await page.reload()
    await page.waitForFunction(() => window.recordsPage !== undefined)
    const { list, states, waiting } = await call(page, 'readOutbox')
    expect(list).toEqual(OUTCOMES.map((_, i) => `#wall-${i}`).toReversed())
    expect(states).toEqual(OUTCOMES.map(({ state }) => state).toReversed())
    expect(waiting).toBe(3)
    expect(await call(page, 'outboxHearsOthers')).toBe(true)
  })

  it('remembers a limited number of public keys, oldest out first', async () => {
    expect(await call(await openPage(), 'publicKeysKept', 3, 5)).toEqual([2, 3, 4])
  })
})

describe('the inbox', () => {
  it('stores a message once: within a batch, across batches, and after a reload', async () => {
    const page = await openPage()
    const [a, b, c] = [{ id: 'a' }, { id: 'b' }, { id: 'c' }]
    expect(
      await call(page, 'keep', [
        [a, b, a],
        [b, c],
      ]),
    ).toEqual({
      kept: [
        ['stored', 'stored', 'stored'],
        ['stored', 'stored'],
      ],
      list: ['c', 'b', 'a'],
      counts: { messages: 3, unread: 3 },
    })
    await page.reload()
    await page.waitForFunction(() => window.recordsPage !== undefined)
    expect((await call(page, 'keep', [[c, a]])).list).toEqual(['c', 'b', 'a'])
  })

  it('stores a message once when two tabs receive it at the same time', async () => {
    expect(await call(await openPage(), 'keepTwice', 20)).toEqual({ added: 20, list: 20 })
  })

  it('evicts the oldest messages over its count and its bytes, and does not accept them again', async () => {
    const page = await openPage()
    const ids = ['a', 'b', 'c', 'd'].map((id) => ({ id }))
    expect((await call(page, 'keep', [ids], { maxMessages: 3 })).list).toEqual(['d', 'c', 'b'])
    const again = await call(page, 'keep', [[{ id: 'a' }]], { maxMessages: 3 })
    expect([again.kept, again.list]).toEqual([[['stored']], ['d', 'c', 'b']])
    expect((await call(page, 'keep', [[{ id: 'large', size: 3_000 }]], { maxBytes: 4_200 })).list).toEqual(['large', 'd'])
    await call(page, 'remove', 'large')
    expect((await call(page, 'keep', [[{ id: 'next', size: 3_000 }]], { maxBytes: 4_200 })).list).toEqual(['next', 'd'])
  })

  it('evicts the messages of a flood, oldest first, and those of unnamed senders before those of named ones', async () => {
    const page = await openPage()
    const of = (from: string, ...ids: string[]) => ids.map((id) => ({ id, from }))
    await call(page, 'name', 'friend', 'Ann')
    const flooded = [...of('friend', 'f1', 'f2', 'f3'), ...of('quiet', 'q1'), ...of('loud', 'l1', 'l2', 'l3', 'l4', 'l5')]
    expect((await call(page, 'keep', [flooded], { maxMessages: 6 })).list).toEqual(['l5', 'l4', 'q1', 'f3', 'f2', 'f1'])
    // All strangers together have half, however many keys they use; among senders with as many messages, the oldest message goes.
    const thrownAway = ['a', 'b', 'c', 'd'].map((id) => ({ id, from: `thrown away ${id}` }))
    expect((await call(page, 'keep', [thrownAway], { maxMessages: 6 })).list).toEqual(['d', 'c', 'b', 'f3', 'f2', 'f1'])
    // A sender whose name was removed is unnamed again, and uses the most of them.
    await call(page, 'name', 'friend', '')
    expect((await call(page, 'keep', [of('new', 'n1')], { maxMessages: 6 })).list).toEqual(['n1', 'd', 'c', 'b', 'f3', 'f2'])
    // Over the limit of bytes, the sender with the most bytes is evicted.
    const large = { id: 'large', from: 'new', size: 3_000 }
    expect((await call(page, 'keep', [[large]], { maxBytes: 6_100 })).list).toEqual(['large', 'd', 'c', 'b', 'f3', 'f2'])
  })

  it('does not store or remember refused messages; one that it has already counts as stored', async () => {
    const page = await openPage()
    const [a, b] = [
      { id: 'a', from: 'bore' },
      { id: 'b', from: 'bore' },
    ]
    await call(page, 'keep', [[a]])
    expect(await call(page, 'keepRefusing', [a, b, { id: 'c' }], 'bore')).toEqual(['stored', 'muted', 'stored'])
    expect((await call(page, 'keep', [[b]])).list).toEqual(['b', 'c', 'a'])
  })

  it('from the first version keeps its messages, and counts the usage of their senders', async () => {
    const page = await openPage()
    await call(page, 'makeFirstVersion', [
      { id: 'q1', from: 'quiet' },
      { id: 'l1', from: 'loud' },
      { id: 'l2', from: 'loud' },
    ])
    expect((await call(page, 'keep', [[{ id: 'o1', from: 'other' }]], { maxMessages: 3 })).list).toEqual(['o1', 'l2', 'q1'])
    expect(await call(page, 'ends')).toEqual([{ end: '#old', policy: 'open', rules: [] }])
  })

  it('forgets an id when its message has expired everywhere, and is full while it knows too many', async () => {
    const page = await openPage()
    const [a, b] = [
      { id: 'a', expiresAtMs: 2_000_000 },
      { id: 'b', expiresAtMs: 9_000_000 },
    ]
    expect((await call(page, 'keep', [[a, b, { id: 'c' }]], { maxKnown: 2 })).kept).toEqual([['stored', 'stored', 'full']])
    await call(page, 'remove', 'a')
    expect((await call(page, 'keep', [[a]], { maxKnown: 2, nowMs: 2_000_001 })).list).toEqual(['b']) // clocks differ
    expect((await call(page, 'keep', [[{ id: 'c' }]], { maxKnown: 2, nowMs: 4_000_000 })).list).toEqual(['c', 'b'])
  })

  it('counts the messages that arrived after the last one read', async () => {
    const page = await openPage()
    await call(page, 'keep', [[{ id: 'a' }, { id: 'b' }, { id: 'c' }]])
    expect(await call(page, 'markRead', 'b')).toEqual({ messages: 3, unread: 1 })
    await call(page, 'remove', 'c')
    expect((await call(page, 'keep', [[{ id: 'd' }]])).counts).toEqual({ messages: 3, unread: 1 })
  })

  it('reports messages as not stored when they cannot be written', async () => {
    expect(await call(await openPage(), 'keepNowhere')).toEqual(['not-stored', 'not-stored'])
  })

  it('has one secret, when several tabs create it at once', async () => {
    const page = await openPage()
    const secrets = await call(page, 'secrets', 5)
    expect(new Set(secrets).size).toBe(1)
    expect(await call(page, 'secrets', 1)).toEqual(secrets.slice(0, 1))
  })
})

describe('bodies that are too large for a message', () => {
  const [waits, stored] = [
    { expiresAtMs: 1_000_000 },
    { expiresAtMs: 1_000_000, isDone: true, outcome: OUTCOMES.find(({ state }) => state === 'stored') },
  ]

  it('are held by the tab that receives, and not by the one that sent them, until their message has expired, was refused or removed', async () => {
    const refused = { ...waits, isDone: true, outcome: OUTCOMES.find(({ state }) => state === 'refused') }
    const page = await openPage()
    const { found, firstHolds } = await call(page, 'largeBodies', [70_000, 80_000, 90_000, 100_000], [
      { nowMs: 1, entries: [waits, stored, waits, undefined] }, // the last one is not in the outbox yet
      { nowMs: 2, entries: [waits, stored, undefined] },
      { nowMs: 3, entries: [refused, stored] },
      { nowMs: 600_001, entries: [refused, stored] },
      { nowMs: 1_000_000, entries: [refused, stored] },
    ] as never)
    expect(found.map(({ held }) => held)).toEqual([[0, 1, 2, 3], [0, 1, 3], [1, 3], [1], []])
    expect(found.every(({ asOther }) => asOther === 0)).toBe(true)
    expect(firstHolds).toBe(0)
  })

  it('are refused over the limits of their number and bytes', async () => {
    const outbox = [{ nowMs: 1, entries: [waits, waits, waits, waits] }]
    const few = await call(await openPage(), 'largeBodies', [70_000, 80_000, 90_000], outbox, { maxBodies: 2 })
    expect([few.refused, few.found[0]?.held]).toEqual([[2], [0, 1]])
    const small = await call(await openPage(), 'largeBodies', [70_000, 80_000, 70_001], outbox, { maxBytes: 145_000 })
    expect([small.refused, small.found[0]?.held]).toEqual([[1], [0, 2]])
  })
})

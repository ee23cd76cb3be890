/** A receiver's knowledge of a share, by the news of its sharer, one thing after the other. */

import { expect, test } from 'vitest'
import type { ListedEntry } from '../../../node/sharing/format/share-entry.ts'
import type { ShareFrame } from '../../../node/sharing/format/share-frames.ts'
import { createReceivedState } from '../../../node/sharing/receiver/received-state.ts'

const KEY = new Uint8Array(32).fill(7)

const file = (id: number, changes: Partial<ListedEntry> = {}): ListedEntry => ({
  ...{ id, kind: 'file', path: `f${id}`, size: 9, mediaType: 'text/plain', modifiedMs: undefined, state: 'ready', text: undefined },
  ...{ hash: '07'.repeat(32), outline: undefined, travelSize: 99, linkKey: undefined },
  ...changes,
})
const text = (id: number, words?: string) => file(id, { kind: 'text', text: words, hash: undefined, travelSize: 0 })

function meet() {
  const happened: string[] = []
  const sent: ShareFrame[] = []
  const state = createReceivedState({ onTaken: () => happened.push('taken'), onOver: () => happened.push('over') })
  const holder = { peer: 'sharer', home: 'home', addresses: [] }
  const welcome = () => state.news.welcome({ holder, way: 'relayed', send: (frame) => sent.push(frame), close() {} }, { ask: false }, false)
  welcome()
  const isSettled = async (promise: Promise<unknown>) => {
    const late = new Promise((resolve) => setImmediate(resolve, 'waits'))
    const outcome = promise.then(
      () => 'resolved',
      (error: { code: string }) => error.code,
    )
    return Promise.race([outcome, late])
  }
  return { ...state, state, welcome, happened, sent, isSettled }
}

test('a take resolves once its entries can be opened, in whichever order the answer and the list come', async () => {
  const { news, state, isSettled } = meet()
  news.list([file(1), text(2)])
  const taken = state.take(undefined, {})
  news.taken('all')
  expect(await isSettled(taken)).toBe('waits')
  news.list([file(1, { linkKey: KEY }), text(2)])
  expect(await isSettled(taken)).toBe('waits')
  news.list([file(1, { linkKey: KEY }), text(2, 'hello')])
  expect(await isSettled(taken)).toBe('resolved')
  expect(state.mustFind(1).linkKey).toBe(KEY)

  const other = meet()
  other.news.list([file(1), file(2, { travelSize: 9 })])
  const early = other.state.take(undefined, {})
  other.news.list([file(1, { linkKey: KEY }), file(2, { travelSize: 9 })])
  expect(await other.isSettled(early)).toBe('waits')
  other.news.taken(undefined)
  expect(await other.isSettled(early)).toBe('resolved')
})

test('an entry that was not taken is not fetched; taking it, too, keeps the first, and both takes settle', async () => {
  const { news, state, sent, isSettled } = meet()
  news.list([file(1), file(2)])
  const first = state.take([1], {})
  const second = state.take([2], {})
  expect(sent).toEqual([
    { type: 'take', entries: [1] },
    { type: 'take', entries: [1, 2] },
  ])
  news.list([file(1, { linkKey: KEY }), file(2)])
  news.taken(new Set([1]))
  expect([await isSettled(first), await isSettled(second)]).toEqual(['resolved', 'waits'])
  news.list([file(1, { linkKey: KEY }), file(2, { linkKey: KEY })])
  news.taken(new Set([1, 2]))
  expect(await isSettled(second)).toBe('resolved')
  news.list([file(1, { linkKey: KEY }), file(2, { linkKey: KEY }), file(3)])
  expect(() => state.mustFind(3)).toThrow(expect.objectContaining({ code: 'ERR_REFUSED' }))
})

test('a sharer that comes back and has forgotten is told again, and what opens the entries stays known meanwhile', async () => {
  const { news, state, sent, welcome, happened } = meet()
  news.list([file(1), text(2)])
  void state.take([1, 2], {})
  news.list([file(1, { linkKey: KEY }), text(2, 'hello')])
  news.taken(new Set([1, 2]))
  news.over(undefined)
  expect([state.state, happened]).toEqual(['away', ['taken', 'over']])
  welcome()
  news.list([file(1), text(2)])
  expect(sent.at(-1)).toEqual({ type: 'take', entries: [1, 2] })
  expect([state.mustFind(1).linkKey, state.entries[1]?.text]).toEqual([KEY, 'hello'])
  news.list([file(1, { hash: '08'.repeat(32) })])
  expect(() => state.mustFind(1)).toThrow(/not given the key yet/)
})

test('a receiver that is known takes nothing more than it had, by itself', async () => {
  const { news, state, sent } = meet()
  news.list([file(1, { linkKey: KEY }), file(2)])
  news.taken(new Set([1]))
  expect([state.state, sent]).toEqual(['taken', []])
  void state.take([2], {})
  expect(sent).toEqual([{ type: 'take', entries: [1, 2] }])
})

test('what waits for an answer is told how it ended', async () => {
  const { news, state, isSettled } = meet()
  news.list([file(1)])
  const taken = state.take(undefined, {})
  const [first, second] = [state.enter('a', {}), state.enter('b', {})]
  expect([await isSettled(first), await isSettled(second)]).toEqual(['ERR_REFUSED', 'waits'])
  news.over('ERR_SHARE_USED')
  expect([await isSettled(taken), await isSettled(second)]).toEqual(['ERR_SHARE_USED', 'ERR_SHARE_USED'])
  await expect(state.take(undefined, {})).rejects.toMatchObject({ code: 'ERR_SHARE_USED' })
})

test.each([
  ['ERR_SHARE_FULL', undefined, 'looking'],
  ['ERR_SHARE_USED', 'ERR_SHARE_USED', 'ended'],
] as const)('the peer goes on from a first stage that ended with %s: a share that was full is tried again', (code, endCode, state) => {
  const { news, state: first } = meet()
  news.over(code)
  const begun = first.begun()
  expect(begun?.endCode).toBe(endCode)
  const peer = createReceivedState({ onTaken() {}, onOver() {} })
  if (begun) peer.begin(begun)
  expect(peer.state).toBe(state)
})

test('what a first stage has brought stands until the sharer has listed, also where it has welcomed already; its list comes before', () => {
  const { news, state: first } = meet()
  news.list([file(1, { linkKey: KEY })])
  news.taken('all')
  const begun = first.begun()
  if (begun === undefined) throw new Error('it has not begun')
  const peer = meet()
  peer.state.begin(begun)
  expect([peer.state.mustFind(1).linkKey, peer.happened]).toEqual([KEY, ['taken']])
  peer.news.over(undefined)
  expect(peer.state.state).toBe('away')
  const listed = meet()
  listed.news.list([])
  listed.state.begin(begun)
  expect([listed.state.entries, listed.happened]).toEqual([[], []])
})

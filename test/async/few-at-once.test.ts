import { expect, test } from 'vitest'
import { raceAbort } from '../../node/async/abort.ts'
import { fewAtOnce } from '../../node/async/few-at-once.ts'

/** Work that the test ends, item by item. */
function createWork() {
  const begun: string[] = []
  const ends = new Map<string, PromiseWithResolvers<void>>()
  return {
    begun,
    async work(item: string, signal: AbortSignal): Promise<void> {
      begun.push(item)
      const end = Promise.withResolvers<void>()
      ends.set(item, end)
      await raceAbort(end.promise, signal)
    },
    async finish(item: string): Promise<void> {
      ends.get(item)?.resolve()
      await new Promise(setImmediate)
    },
    fail: (item: string) => ends.get(item)?.reject(new Error(item)),
  }
}

test('few at once: so many are begun, in their order, and the next when one is done', async () => {
  const { begun, work, finish } = createWork()
  const all = fewAtOnce(['a', 'b', 'c', 'd'], 2, work)
  expect(begun).toEqual(['a', 'b'])
  await finish('b')
  expect(begun).toEqual(['a', 'b', 'c'])
  for (const item of ['a', 'c', 'd']) await finish(item)
  await all
  await fewAtOnce([], 2, work)
})

test('few at once: items of one key come one after the other, and others pass them', async () => {
  const { begun, work, finish } = createWork()
  const all = fewAtOnce(['a1', 'a2', 'b1', 'x'], 2, work, { keyOf: (item) => (item === 'x' ? undefined : item[0]) })
  expect(begun).toEqual(['a1', 'b1'])
  await finish('b1')
  expect(begun).toEqual(['a1', 'b1', 'x'])
  for (const item of ['x', 'a1', 'a2']) await finish(item)
  await all
  expect(begun).toEqual(['a1', 'b1', 'x', 'a2'])
})

test('few at once: the first failure ends all, and nothing is under way when it is told', async () => {
  const { begun, work, fail } = createWork()
  const ended: string[] = []
  const all = fewAtOnce(['a', 'b', 'c'], 2, (item, signal) => work(item, signal).finally(() => ended.push(item)))
  fail('b')
  await expect(all).rejects.toThrow('b')
  expect([begun, ended.sort()]).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ])
})

test('few at once: aborted, nothing more is begun', async () => {
  const { begun, work } = createWork()
  const aborting = new AbortController()
  const all = fewAtOnce(['a', 'b'], 1, work, { signal: aborting.signal })
  aborting.abort(new Error('enough'))
  await expect(all).rejects.toThrow('enough')
  await expect(fewAtOnce(['c'], 1, work, { signal: aborting.signal })).rejects.toThrow('enough')
  expect(begun).toEqual(['a'])
})

import { expect, test } from 'vitest'
import { whenTurnEnds } from '../../../node/network/index.ts'
import { createGroupCommit, GROUP_COMMIT_DEFAULTS } from '../../../node/server/store/group-commit.ts'

test('group commit: items of one turn share a transaction, and items added meanwhile share the next', async () => {
  const groups: number[][] = []
  let late: Promise<string> | undefined
  const group = createGroupCommit<number, string>({
    commit(items) {
      groups.push(items)
      if (groups.length === 1) late = group.add(9)
      return items.map((item) => `stored ${item}`)
    },
    failed: () => 'failed',
  })
  const first = [1, 2].map((item) => group.add(item))
  await Promise.resolve()
  first.push(group.add(3))
  expect(await Promise.all(first)).toEqual(['stored 1', 'stored 2', 'stored 3'])
  expect(await late).toBe('stored 9')
  expect(groups).toEqual([[1, 2, 3], [9]])
})

test('group commit: commits after data of the same turn was sent, where asked for', async () => {
  const order: string[] = []
  const group = createGroupCommit<number, boolean>({
    commit(items) {
      order.push('committed')
      return items.map(() => true)
    },
    failed: () => false,
    isAfterSending: true,
  })
  const added = group.add(1)
  await Promise.resolve()
  whenTurnEnds(() => order.push('sent')) // as a corked stream does
  await added
  expect(order).toEqual(['sent', 'committed'])
})

test('group commit: a group that fails has failed results, and the next one goes on', async () => {
  let isBroken = true
  const group = createGroupCommit<number, string>({
    commit(items) {
      if (isBroken) throw new Error('no room')
      return items.map(String)
    },
    failed: (error) => (error as Error).message,
  })
  expect(await Promise.all([group.add(1), group.add(2)])).toEqual(['no room', 'no room'])
  isBroken = false
  expect(await group.add(3)).toBe('3')
})

test('group commit: groups and the queue are bounded', async () => {
  const sizes: number[] = []
  const group = createGroupCommit<number, boolean>({
    commit(items) {
      sizes.push(items.length)
      return items.map(() => true)
    },
    failed: () => false,
    maxItems: 4,
    maxWaiting: 10,
  })
  const results = await Promise.all(Array.from({ length: 12 }, (_, i) => group.add(i)))
  expect(results).toEqual([...Array(10).fill(true), false, false])
  expect(sizes).toEqual([4, 4, 2])
  expect(GROUP_COMMIT_DEFAULTS.maxItems).toBeLessThan(GROUP_COMMIT_DEFAULTS.maxWaiting)
})

/** A group commit whose syncs end when they are told to. */
function createSynced() {
  const groups: { items: number[]; isSynced: boolean }[] = []
  const syncs: PromiseWithResolvers<void>[] = []
  const group = createGroupCommit<number, string>({
    commit(items, isSynced) {
      groups.push({ items, isSynced })
      return items.map((item) => `stored ${item}`)
    },
    sync() {
      const sync = Promise.withResolvers<void>()
      syncs.push(sync)
      return sync.promise
    },
    failed: (error) => (error as Error).message,
  })
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return { group, groups, syncs, turn }
}

test('group commit: nothing of a large group is said to be stored before its sync in another thread has ended', async () => {
  const { group, groups, syncs, turn } = createSynced()
  let settled = 0
  const first = Promise.all([1, 2, 3, 4].map((item) => group.add(item).finally(() => settled++)))
  await turn()
  expect(groups).toEqual([{ items: [1, 2, 3, 4], isSynced: false }])
  const next = group.add(5)
  for (let i = 0; i < 3; i++) await turn()
  expect({ settled, groups: groups.length }).toEqual({ settled: 0, groups: 1 })
  syncs[0]?.resolve()
  expect(await first).toEqual(['stored 1', 'stored 2', 'stored 3', 'stored 4'])
  expect(await next).toBe('stored 5')
  expect(groups[1]).toEqual({ items: [5], isSynced: true }) // a small one is synced at once
})

test('group commit: a sync that fails fails its group, and the next one goes on', async () => {
  const { group, syncs, turn } = createSynced()
  const first = Promise.all([1, 2, 3, 4].map((item) => group.add(item)))
  await turn()
  const next = group.add(5)
  syncs[0]?.reject(new Error('no disk'))
  expect(await first).toEqual(Array(4).fill('no disk'))
  expect(await next).toBe('stored 5')
})

test('group commit: what is flushed while a group is being synced is synced at once', async () => {
  const { group, groups, syncs, turn } = createSynced()
  const first = Promise.all([1, 2, 3, 4].map((item) => group.add(item)))
  await turn()
  const others = Promise.all([5, 6, 7, 8].map((item) => group.add(item)))
  group.flush()
  expect(groups[1]).toEqual({ items: [5, 6, 7, 8], isSynced: true })
  expect(await others).toHaveLength(4)
  syncs[0]?.resolve()
  expect(await first).toHaveLength(4)
})

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

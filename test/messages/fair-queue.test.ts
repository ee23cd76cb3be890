import { describe, expect, it } from 'vitest'
import { createFairQueue } from '../../node/messages/fair-queue.ts'
import { waitFor } from '../helpers/network.ts'

describe('fair queue', () => {
  it('takes one piece of work of each source in turn', async () => {
    const queue = createFairQueue(() => 0)
    const [flood, other] = [{}, {}]
    const done: string[] = []
    for (const name of ['a1', 'a2', 'a3']) queue.push(flood, 1, () => void done.push(name))
    queue.push(other, 1, () => void done.push('b1'))
    await waitFor(() => queue.isIdle, 2_000, 'all is done')
    expect(done).toEqual(['a1', 'b1', 'a2', 'a3'])
  })

  it('has no more under way elsewhere than it may, and goes on as soon as some of it is done', async () => {
    const queue = createFairQueue(() => 0, { maxUnderWay: 2 })
    const source = {}
    const works = Array.from({ length: 5 }, () => Promise.withResolvers<void>())
    let begun = 0
    for (const { promise } of works) {
      queue.push(source, 1, () => {
        begun++
        return promise
      })
    }
    for (const [index, { resolve }] of works.entries()) {
      const expected = Math.min(index + 2, works.length)
      await waitFor(() => begun >= expected, 2_000, `${expected} have begun`)
      await new Promise((next) => setImmediate(() => setImmediate(next)))
      expect(begun).toBe(expected)
      expect(queue.isIdle).toBe(false)
      resolve()
    }
    await waitFor(() => queue.isIdle, 2_000, 'all is done')
  })

  it('refuses what is over the share of a source, and takes it again when there is room', async () => {
    const queue = createFairQueue(() => 0, { maxWaiting: 2 })
    const source = {}
    const push = () => queue.push(source, 1, () => {})
    expect([push(), push(), push()]).toEqual([true, true, false])
    await waitFor(() => queue.isIdle, 2_000, 'all is done')
    expect(push()).toBe(true)
  })
})

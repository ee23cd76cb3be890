import { describe, expect, test } from 'vitest'
import { createFairQueue, type FairQueueOptions } from '../../../node/messages/admission/fair-queue.ts'
import { waitFor } from '../../helpers/wait-for.ts'

function start(options: FairQueueOptions = {}) {
  const done: string[] = []
  let nowMs = 0
  const queue = createFairQueue(() => nowMs, options)
  const push = (source: object, name: string, bytes = 1, work = () => {}, line?: string) =>
    queue.push(
      source,
      bytes,
      () => {
        done.push(name)
        work()
      },
      line,
    )
  return { done, queue, push, pass: (ms: number) => (nowMs += ms) }
}

describe('fair queue', () => {
  test('a source with a thousand pieces waits behind itself; the others take turns with it', async () => {
    const { done, push } = start()
    const [loud, quiet, other] = [{}, {}, {}]
    for (let i = 0; i < 1_000; i++) push(loud, `loud ${i}`)
    for (let i = 0; i < 2; i++) push(quiet, `quiet ${i}`)
    push(other, 'other')
    await waitFor(() => done.length === 1_003, 5_000, 'all are done')
    expect(done.slice(0, 7)).toEqual(['loud 0', 'quiet 0', 'other', 'loud 1', 'quiet 1', 'loud 2', 'loud 3'])
  })

  test("the lines of one source take turns within the source's turns", async () => {
    const { done, push } = start()
    const [node, quiet] = [{}, {}]
    for (let i = 0; i < 4; i++) push(node, `loud ${i}`, 1, () => {}, 'loud')
    for (let i = 0; i < 2; i++) push(node, `honest ${i}`, 1, () => {}, 'honest')
    for (let i = 0; i < 2; i++) push(quiet, `quiet ${i}`)
    await waitFor(() => done.length === 8, 5_000, 'all are done')
    expect(done).toEqual(['loud 0', 'quiet 0', 'honest 0', 'quiet 1', 'loud 1', 'honest 1', 'loud 2', 'loud 3'])
  })

  test('a source over its limit of pieces or bytes is refused; others are not', () => {
    const { push } = start({ maxWaiting: 2, maxWaitingBytes: 100 })
    const [many, heavy] = [{}, {}]
    expect([1, 2, 3].map(() => push(many, 'x'))).toEqual([true, true, false])
    expect([push(heavy, 'x', 60), push(heavy, 'x', 60), push(heavy, 'x', 40)]).toEqual([true, false, true])
  })

  test('one piece over the limit of waiting bytes is taken when nothing waits', () => {
    const { push } = start({ maxWaitingBytes: 100 })
    const source = {}
    expect([push(source, 'x', 1_000), push(source, 'x', 1)]).toEqual([true, false])
  })

  test('finished work makes room', async () => {
    const { done, push } = start({ maxWaiting: 1 })
    const source = {}
    push(source, 'first')
    await waitFor(() => done.length === 1, 5_000, 'the first')
    expect(push(source, 'second')).toBe(true)
  })

  test('a source that is removed is done no more', async () => {
    const { done, queue, push } = start()
    const [gone, other] = [{}, {}]
    push(gone, 'gone')
    push(other, 'other')
    queue.remove(gone)
    await waitFor(() => done.includes('other'), 5_000, 'the other')
    expect(done).toEqual(['other'])
  })

  test('the event loop gets its turn between slices', async () => {
    const { done, push, pass } = start({ sliceMs: 4 })
    const source = {}
    for (let i = 0; i < 4; i++) push(source, `${i}`, 1, () => pass(2))
    const seen: number[] = []
    for (let turn = 0; turn < 3; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(done.length)
    }
    expect(seen[0]).toBeLessThan(4)
    expect(seen.at(-1)).toBe(4)
  })

  test('has no more under way elsewhere than it may, and goes on as soon as some of it is done', async () => {
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
})

import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { BATCH_MS, type Upload, UploadBatches } from '../../../browser/activity/upload-batches.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const upload = (to: string, bytes: number, isDirect = true): Upload => ({ type: 'served', key: 'k', to, bytes, isDirect })

it('upload batches: the first upload is reported at once, later ones as sums by peer and way, and after a pause the first at once again', () => {
  const reported: [to: string, bytes: number, isDirect: boolean, times: number][] = []
  const batches = new UploadBatches(({ to, bytes, isDirect }, times) => reported.push([to, bytes, isDirect, times]))
  batches.add(upload('a', 1))
  expect(reported.splice(0)).toEqual([['a', 1, true, 1]])
  for (const each of [upload('a', 2), upload('a', 3), upload('b', 4), upload('a', 5, false)]) batches.add(each)
  expect(reported).toEqual([])
  vi.advanceTimersByTime(BATCH_MS)
  expect(reported.splice(0)).toEqual([
    ['a', 5, true, 2],
    ['b', 4, true, 1],
    ['a', 5, false, 1],
  ])
  vi.advanceTimersByTime(10 * BATCH_MS)
  expect(reported).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
  batches.add(upload('a', 6))
  expect(reported).toEqual([['a', 6, true, 1]])
})

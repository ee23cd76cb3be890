import { afterEach, expect, test, vi } from 'vitest'
import { openDatabase } from '../../../browser/peer/database.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('database: a browser that does not open one is given up, and what opens too late is closed', async () => {
  vi.useFakeTimers()
  const opening: Partial<IDBOpenDBRequest> = { onsuccess: null }
  const late = openDatabase({ name: 'x', version: 1, upgrade() {} }, { factory: { open: () => opening as IDBOpenDBRequest } })
  const failure = expect(late).rejects.toMatchObject({ name: 'TimeoutError' })
  await vi.advanceTimersByTimeAsync(9_999)
  expect(vi.getTimerCount()).toBe(1)
  await vi.advanceTimersByTimeAsync(1)
  await failure

  const close = vi.fn()
  Object.assign(opening, { result: { close } })
  opening.onsuccess?.call(opening as IDBOpenDBRequest, new Event('success'))
  await vi.advanceTimersByTimeAsync(0)
  expect(close).toHaveBeenCalledOnce()
})

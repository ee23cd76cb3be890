import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { openFilesLimit, watchOpenFiles } from '../../../node/server/port/open-files.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('open files: their end is told once, and once again when all is well for a while', () => {
  const told: boolean[] = []
  let code: string | undefined
  const tryToOpen = (done: (error: NodeJS.ErrnoException | null) => void) =>
    done(code === undefined ? null : Object.assign(new Error(code), { code }))
  onTestFinished(watchOpenFiles((isFull) => told.push(isFull), { lookMs: 1, calmLooks: 3, tryToOpen }))
  vi.advanceTimersByTime(10)
  expect(told).toEqual([])
  code = 'EMFILE'
  vi.advanceTimersByTime(10)
  code = undefined
  vi.advanceTimersByTime(2)
  code = 'ENFILE'
  vi.advanceTimersByTime(1)
  code = undefined
  vi.advanceTimersByTime(2)
  expect(told).toEqual([true])
  vi.advanceTimersByTime(1)
  expect(told).toEqual([true, false])
})

test('open files: other errors are none of its business, and the limit is a number where the system tells it', () => {
  const told: boolean[] = []
  const tryToOpen = (done: (error: NodeJS.ErrnoException | null) => void) => done(Object.assign(new Error('x'), { code: 'EACCES' }))
  onTestFinished(watchOpenFiles((isFull) => told.push(isFull), { lookMs: 1, tryToOpen }))
  vi.advanceTimersByTime(20)
  expect(told).toEqual([])
  if (process.platform === 'linux') expect(openFilesLimit()).toBeGreaterThan(0)
})

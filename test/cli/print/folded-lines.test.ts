import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFoldedLines } from '../../../node/cli/print/folded-lines.ts'
import { createLogger } from '../../../node/cli/print/logger.ts'
import { createCollectingStream } from '../../helpers/collecting-stream.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function createLines(options?: Parameters<typeof createFoldedLines>[1]) {
  const written: Record<string, unknown>[] = []
  const lines = createFoldedLines((line) => void written.push(JSON.parse(line)), options)
  const log = (level: string, msg: string, facts: object = {}) =>
    lines.write(`${JSON.stringify({ level, time: `${Math.random()}`, ...facts, msg })}\n`)
  return { ...lines, written, log, said: () => written.map(({ msg }) => msg) }
}

test('folded lines: equal warnings are written once, and counted with the next', () => {
  const { log, said, written } = createLines()
  for (let i = 0; i < 5; i++) log('warn', 'join-failed', { address: 'a', retryInMs: i })
  log('warn', 'join-failed', { address: 'b', retryInMs: 9 })
  expect(said()).toEqual(['join-failed', 'join-failed'])
  vi.advanceTimersByTime(10_000)
  expect(said().slice(2)).toEqual(['join-failed (repeated 4 times)'])
  expect(written[2]).toMatchObject({ address: 'a', retryInMs: 4, repeated: 4 })
})

test('folded lines: windows grow while a line goes on, and one that has stopped is news again', () => {
  const { log, said } = createLines({ windowMs: 10, longestWindowMs: 40 })
  for (let i = 0; i < 1_000; i++) {
    log('error', 'failed')
    vi.advanceTimersByTime(1)
  }
  expect(said().length).toBeLessThan(30)
  vi.advanceTimersByTime(100)
  const before = said().length
  log('error', 'failed')
  expect(said().slice(before)).toEqual(['failed'])
})

test('folded lines: what has changed is always told, what strangers cause is folded', () => {
  const { log, said } = createLines()
  for (const each of ['joined', 'left', 'joined', 'left']) log('info', each, { peer: 'a' })
  for (const state of ['wrong', 'right', 'wrong']) log('warn', 'clock', { state })
  for (let i = 0; i < 2; i++) log('error', 'full', { type: 'failing', reason: 'full' })
  log('info', 'refused', { peer: 'a' })
  log('info', 'refused', { peer: 'a' })
  expect(said()).toEqual(['joined', 'left', 'joined', 'left', 'clock', 'clock', 'clock', 'full', 'full', 'refused'])
})

test('folded lines: different lines are counted in a bounded number, and none is lost', () => {
  const { log, said, flush } = createLines({ maxLines: 2 })
  for (const name of ['a', 'a', 'b', 'b', 'c']) log('warn', name)
  expect(said()).toEqual(['a', 'b', 'c', 'a (repeated 1 time)'])
  flush()
  expect(said().slice(4)).toEqual(['b (repeated 1 time)'])
})

test('folded lines: a log that ends writes the counts that wait', () => {
  const stream = createCollectingStream()
  const logger = createLogger(stream, 'info')
  for (let i = 0; i < 3; i++) logger.error({ error: new Error('broken') }, 'stop failed')
  for (let i = 0; i < 3; i++) logger.warn({ peer: 'a' }, 'cut')
  logger.flush()
  expect(JSON.parse(stream.text().trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ repeated: 2, msg: 'cut (repeated 2 times)' })
})

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createOutput } from '../../../node/cli/print/output.ts'
import { createProgressBar, describeBytes, formatProgressBar } from '../../../node/cli/print/progress-bar.ts'
import { createCollectingStream } from '../../helpers/collecting-stream.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const MIB = 1_048_576

test('progress bar: shows the part done, the speed and the time left', () => {
  const facts = { label: 'film.mp4', doneBytes: 25 * MIB, totalBytes: 100 * MIB, bytesPerSecond: 2.5 * MIB, columns: 120 }
  expect(formatProgressBar(facts)).toBe('film.mp4  [####------------]   25%  25.0 MiB of 100.0 MiB  2.5 MiB/s  0:30 left')
  expect(formatProgressBar({ ...facts, bytesPerSecond: 1024 })).toContain('21:20:00 left')
  expect(formatProgressBar({ ...facts, bytesPerSecond: 0 })).not.toContain('left')
  expect(formatProgressBar({ ...facts, doneBytes: 0, totalBytes: 0, bytesPerSecond: undefined })).toContain('100%')
})

test('progress bar: on a narrow terminal whole facts are left out, none is cut', () => {
  const facts = { label: 'film.mp4', doneBytes: 25 * MIB, totalBytes: 100 * MIB, bytesPerSecond: 2.5 * MIB, columns: 40 }
  expect(formatProgressBar(facts)).toBe('film.mp4  [####------------]   25%')
})

test.each([200, 80, 60, 10, 1])('progress bar: fits in %i columns', (columns) => {
  const facts = { label: 'a name that is rather long '.repeat(4), doneBytes: 1, totalBytes: 3, bytesPerSecond: 1, columns }
  expect(formatProgressBar(facts).length).toBeLessThan(columns)
})

test('progress bar: sizes have a fitting unit', () => {
  expect([0, 1023, 1024, 1536, 5 * MIB, 2 ** 40].map(describeBytes)).toEqual([
    '0 bytes',
    '1023 bytes',
    '1.0 KiB',
    '1.5 KiB',
    '5.0 MiB',
    '1.0 TiB',
  ])
})

test('progress bar: measures the speed over the last seconds, without what was there before', () => {
  const lines: string[] = []
  const options = { label: 'a', totalBytes: 100 * MIB, doneBytes: 50 * MIB, clear: () => {}, columns: () => 100, now: Date.now }
  const progress = createProgressBar({ ...options, draw: (line) => lines.push(line) })
  vi.advanceTimersByTime(900)
  progress.advance(10 * MIB)
  vi.advanceTimersByTime(100)
  expect(lines.at(-1)).toContain('60.0 MiB of 100.0 MiB  10.0 MiB/s  0:04 left')
  vi.advanceTimersByTime(10_000)
  expect(lines.at(-1)).toContain('0 bytes/s')
  progress.end()
  const drawn = lines.length
  vi.advanceTimersByTime(10_000)
  expect(lines).toHaveLength(drawn)
})

test('progress bar: is drawn on a terminal only, and makes way for other output', () => {
  for (const [json, isTTY, isShown] of [
    [false, true, true],
    [true, true, false],
    [false, false, false],
  ] as const) {
    const stdout = createCollectingStream({ isTTY })
    const stderr = createCollectingStream({ isTTY })
    const output = createOutput({ stdout, stderr, json })
    const progress = output.progressBar('bad\u001bname', 10)
    vi.advanceTimersByTime(1_000)
    expect(stderr.text().includes('bad?name')).toBe(isShown)
    output.result('done', {})
    expect(stderr.text().endsWith('\r\u001b[K')).toBe(isShown)
    progress.end()
    progress.end()
  }
})

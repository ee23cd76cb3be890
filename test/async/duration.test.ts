import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../../node/async/duration.ts'

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['30', 30_000],
  ['0', 0],
  ['1.5s', 1_500],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
  ['1h30m', 5_400_000],
  ['1d12h', 129_600_000],
  ['2m0.5s250ms', 120_750],
  ['9999999999', 9_999_999_999_000],
])('duration: %s is %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', 's', '-1s', '1 s', ' 1s', '1w', '1e3', '1.', '.5s', '∞', 'NaN', '30m1h', '1h1h', '1h30', '1h 30m', '1'.repeat(99)])(
  'duration: refuses %j',
  (text) => {
    expect(parseDuration(text)).toBeUndefined()
  },
)

test('duration: is written in whole days or seconds where that is exact, and read back as it was', () => {
  expect([15_000, 1_500, 0, 604_800_000].map(formatDuration)).toEqual(['15s', '1500ms', '0s', '7d'])
  for (const ms of [0, 1, 999, 1_000, 90_000, 86_400_001]) expect(parseDuration(formatDuration(ms))).toBe(ms)
})

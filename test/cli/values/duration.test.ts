import { expect, test } from 'vitest'
import { describeDuration, parseDuration } from '../../../node/cli/values/duration.ts'

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['30', 30_000],
  ['1.5s', 1500],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['0', 0],
])('duration: %s is %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', 's', '-1s', '1 s', '1d', '1e3', '∞', 'NaN', '25000h', '99999999999999999999'])('duration: refuses %j', (text) => {
  expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
})

test('duration: is said in whole seconds where it can be', () => {
  expect(describeDuration(15_000)).toBe('15 s')
  expect(describeDuration(1500)).toBe('1500 ms')
})

import { expect, test } from 'vitest'
import { allowsRange, checkPreconditions } from '../../../gateway/http/conditional.ts'

const DATE = 'Sat, 28 Nov 2026 19:43:31 GMT'

test.each([
  [{}, 'proceed'],
  [{ 'if-none-match': '"abc"' }, 'not-modified'],
  [{ 'if-none-match': 'W/"abc"' }, 'not-modified'],
  [{ 'if-none-match': '"x", W/"y" ,"abc"' }, 'not-modified'],
  [{ 'if-none-match': '*' }, 'not-modified'],
  [{ 'if-none-match': ' * ' }, 'not-modified'],
  [{ 'if-none-match': '"x,abc"' }, 'proceed'],
  [{ 'if-none-match': 'abc' }, 'proceed'],
  [{ 'if-none-match': '"abc' }, 'proceed'],
  [{ 'if-none-match': '' }, 'proceed'],
  [{ 'if-match': '"abc"' }, 'proceed'],
  [{ 'if-match': '*' }, 'proceed'],
  [{ 'if-match': 'W/"abc"' }, 'failed'],
  [{ 'if-match': '"x"' }, 'failed'],
  [{ 'if-match': '"x"', 'if-none-match': '"abc"' }, 'failed'],
  [{ 'if-modified-since': DATE }, 'not-modified'],
  [{ 'if-modified-since': 'Sat, 28 Nov 2026 19:43:30 GMT' }, 'proceed'],
  // Later than ours: from another address, or the time of a copy.
  [{ 'if-modified-since': 'Sun, 29 Nov 2026 19:43:31 GMT' }, 'proceed'],
  [{ 'if-modified-since': DATE, 'if-none-match': '"x"' }, 'proceed'],
  [{ 'if-modified-since': DATE, 'if-match': '"x"' }, 'failed'],
] as const)('checkPreconditions: %j', (headers, outcome) => {
  expect(checkPreconditions(new Headers(headers), 'abc', DATE)).toBe(outcome)
})

test.each([
  [{}, true],
  [{ 'if-range': '"abc"' }, true],
  [{ 'if-range': 'W/"abc"' }, false],
  [{ 'if-range': '"x"' }, false],
  [{ 'if-range': DATE }, true],
  [{ 'if-range': 'Sun, 29 Nov 2026 19:43:31 GMT' }, false],
] as const)('allowsRange: %j → %s', (headers, allowed) => {
  expect(allowsRange(new Headers(headers), 'abc', DATE)).toBe(allowed)
})

test('content without a date ignores dates', () => {
  expect(checkPreconditions(new Headers({ 'if-modified-since': DATE }), 'abc')).toBe('proceed')
  expect(allowsRange(new Headers({ 'if-range': DATE }), 'abc')).toBe(false)
})

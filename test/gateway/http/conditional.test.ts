import { expect, test } from 'vitest'
import { allowsRange, checkPreconditions } from '../../../gateway/http/conditional.ts'

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
  [{ 'if-modified-since': 'Sat, 29 Oct 1994 19:43:31 GMT' }, 'proceed'],
] as const)('checkPreconditions: %j', (headers, outcome) => {
  expect(checkPreconditions(new Headers(headers), 'abc')).toBe(outcome)
})

test.each([
  [{}, true],
  [{ 'if-range': '"abc"' }, true],
  [{ 'if-range': 'W/"abc"' }, false],
  [{ 'if-range': '"x"' }, false],
  [{ 'if-range': 'Sat, 29 Oct 1994 19:43:31 GMT' }, false],
] as const)('allowsRange: %j → %s', (headers, allowed) => {
  expect(allowsRange(new Headers(headers), 'abc')).toBe(allowed)
})

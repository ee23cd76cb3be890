import { expect, test } from 'vitest'
import { leavesChoice, namesType, wantsJson } from '../../../gateway/http/media-range.ts'

test.each([
  ['application/json', true],
  ['Application/JSON;q=0.1, */*', true],
  ['application/json;q=0', false],
  ['application/json, text/html;q=0.5', true],
  ['text/html, application/json;q=0.9', false],
  ['application/*', false],
  ['application/json-seq', false],
  ['*/*', false],
  [null, false],
])('wantsJson: %s → %s', (accept, wanted) => {
  expect(wantsJson(accept)).toBe(wanted)
})

test.each([
  ['text/event-stream', true],
  ['text/event-stream;q=0.1, */*', true],
  ['text/event-stream;q=0', false],
  ['*/*', false],
  [null, false],
])('namesType: %s → %s', (accept, named) => {
  expect(namesType(accept, 'text/event-stream')).toBe(named)
})

test.each([
  [null, true],
  ['', true],
  ['*/*', true],
  ['text/html, */*', false],
])('leavesChoice: %s → %s', (accept, left) => {
  expect(leavesChoice(accept)).toBe(left)
})

import { expect, test } from 'vitest'
import { isNavigation, leavesChoice, namesType, wantsHtml } from '../../../gateway/http/media-range.ts'

const CHROMIUM = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'

test.each([
  [CHROMIUM, true],
  ['text/html', true],
  ['TEXT/HTML;q=0.5', true],
  ['text/html;q=0', false],
  ['application/json, text/html;q=0.5', false],
  ['*/*', false],
  ['image/*', false],
  ['text/*', false],
  ['text/html-x', false],
  [null, false],
])('wantsHtml: %s → %s', (accept, wanted) => {
  expect(wantsHtml(accept)).toBe(wanted)
})

test.each([
  [{ accept: CHROMIUM, 'sec-fetch-dest': 'document' }, true],
  [{ accept: CHROMIUM }, true],
  [{ accept: CHROMIUM, 'sec-fetch-dest': 'iframe' }, false],
  [{ accept: CHROMIUM, 'sec-fetch-dest': 'empty' }, false],
  [{ accept: '*/*', 'sec-fetch-dest': 'document' }, false],
  [{ accept: 'image/*' }, false],
  [{}, false],
])('isNavigation: %j → %s', (headers, navigation) => {
  expect(isNavigation(new Headers(headers as Record<string, string>))).toBe(navigation)
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

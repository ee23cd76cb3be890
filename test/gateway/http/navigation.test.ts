import { expect, test } from 'vitest'
import { isNavigation, isShown } from '../../../gateway/http/navigation.ts'

const CHROMIUM = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'

test.each([
  ['a link in a browser', { accept: CHROMIUM, 'sec-fetch-dest': 'document', 'upgrade-insecure-requests': '1' }, true, true],
  ['a browser on plain http from another machine', { accept: CHROMIUM, 'upgrade-insecure-requests': '1' }, true, true],
  ['a frame', { accept: CHROMIUM, 'sec-fetch-dest': 'iframe', 'upgrade-insecure-requests': '1' }, false, true],
  ['an object', { accept: '*/*', 'sec-fetch-dest': 'object' }, false, true],
  ['an image', { accept: 'image/*', 'sec-fetch-dest': 'image' }, false, false],
  ['a fetch of a page', { accept: CHROMIUM, 'sec-fetch-dest': 'empty' }, false, false],
  ['wget2', { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }, false, false],
  ['Java', { accept: 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2' }, false, false],
  ['curl', { accept: '*/*' }, false, false],
  ['no header at all', {}, false, false],
])('%s: navigation and shown', (_name, headers, navigates, shown) => {
  const given = new Headers(headers as Record<string, string>)
  expect([isNavigation(given), isShown(given)]).toEqual([navigates, shown])
})

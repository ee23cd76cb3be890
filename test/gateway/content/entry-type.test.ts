import { expect, test } from 'vitest'
import { entryType, typeFor } from '../../../gateway/content/content-type.ts'

const PLAIN = 'text/plain; charset=utf-8'
const OCTETS = 'application/octet-stream'

test.each([
  ['a.css', '', PLAIN, 'text/css; charset=utf-8'],
  ['a.JS', '', PLAIN, 'text/javascript; charset=utf-8'],
  ['a.html', '', OCTETS, OCTETS],
  ['noname', '', 'image/png', 'image/png'],
  ['.css', '', PLAIN, PLAIN],
  ['a.css/b', '', PLAIN, PLAIN],
  ['a', 'TEXT/HTML', PLAIN, 'text/html; charset=utf-8'],
  ['a', 'image/svg+xml', PLAIN, 'image/svg+xml; charset=utf-8'],
  ['a', 'application/x-javascript', PLAIN, 'text/javascript; charset=utf-8'],
  ['a', 'video/mp4', OCTETS, 'video/mp4'],
  ['a', 'multipart/x-mixed-replace', PLAIN, PLAIN],
  ['a', 'text/cache-manifest', PLAIN, PLAIN],
  ['a', 'application/x-shockwave-flash', OCTETS, OCTETS],
  ['a', 'text/html\r\nx: y', PLAIN, PLAIN],
])('entryType: %j said to be %j and looking like %s is %s', (path, type, sniffed, expected) => {
  expect(entryType({ path, type }, sniffed)).toBe(expected)
})

test('typeFor: scripts and styles are text for our own origin and themselves for a page in the sandbox', () => {
  const script = 'text/javascript; charset=utf-8'
  expect(typeFor(new Headers({ 'sec-fetch-site': 'same-origin' }), script)).toBe(PLAIN)
  for (const headers of [new Headers(), new Headers({ 'sec-fetch-site': 'cross-site' })]) expect(typeFor(headers, script)).toBe(script)
  expect(typeFor(new Headers({ 'sec-fetch-site': 'same-origin' }), 'image/png')).toBe('image/png')
})

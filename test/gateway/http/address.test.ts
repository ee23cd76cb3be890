import { expect, test } from 'vitest'
import { badAddress, parseContentPath, pathFault, splitTarget, suggestPath } from '../../../gateway/http/address.ts'
import { decodeKeyHex, encodeKeyBase32, encodeKeyCid } from '../../../node/index.ts'

const HASH = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'

test.each([
  [`/${HASH}`, { hash: HASH, raw: false }],
  [`/raw/${HASH}`, { hash: HASH, raw: true }],
  [`/${HASH}/`, { hash: HASH, raw: false, inside: '' }],
  [`/${HASH}/a/b.txt`, { hash: HASH, raw: false, inside: 'a/b.txt' }],
  [`/raw/${HASH}/caf%C3%A9`, { hash: HASH, raw: true, inside: 'café' }],
  [`/${HASH}/./x.deb`, { hash: HASH, raw: false, inside: 'x.deb' }],
  [`/${HASH}//a///b/`, { hash: HASH, raw: false, inside: 'a/b/' }],
  [`/${HASH}/a/../../../b/%2e/c/..`, { hash: HASH, raw: false, inside: 'b/' }],
  [`/raw/${HASH}/%2E%2e/.`, { hash: HASH, raw: true, inside: '' }],
  [`/${HASH}/a%252Fb/100%2525`, { hash: HASH, raw: false, inside: 'a%2Fb/100%25' }],
  [`/${HASH}/%252e%252e/x`, { hash: HASH, raw: false, inside: '%2e%2e/x' }],
  [`/${HASH}/a[1]{2}|3^4\``, { hash: HASH, raw: false, inside: 'a[1]{2}|3^4`' }],
])('parseContentPath: %s is content', (path, address) => {
  expect(pathFault(path)).toBeNull()
  expect(parseContentPath(path)).toEqual(address)
})

test.each([
  '/',
  `/${HASH.toUpperCase()}`,
  `/${HASH}0`,
  `/${HASH.slice(1)}`,
  `/${HASH}.`,
  `/${HASH}%00`,
  `/%32${HASH.slice(1)}`,
  `/x/${HASH}`,
  `/RAW/${HASH}`,
  `/raw/raw/${HASH}`,
  `//${HASH}`,
  `/raw//${HASH}`,
  `/raw%2F${HASH}`,
  `/./${HASH}`,
  ` /${HASH}`,
])('parseContentPath: %j is no content', (path) => {
  expect(parseContentPath(path)).toBeNull()
})

test.each([
  '',
  '*',
  'x',
  `//${HASH}`,
  `/${HASH}/a%2Fb`,
  `/${HASH}/a%5cb`,
  `/${HASH}/a\\b`,
  `/${HASH}/a%00b`,
  `/${HASH}/a%0d%0aSet-Cookie:x`,
  '/x/../y',
  '/to/./x',
  '/to/%2e%2e',
  '/to/%252e',
  '/to//x',
  `/${HASH}/a%2F..%2Fb`,
  `/${HASH}/%`,
  `/${HASH}/%4`,
  `/${HASH}/%zz`,
  `/${HASH}/%ff`,
  `/${HASH}/a b`,
  `/${HASH}/a#b`,
  `/${HASH}/é`,
  `/${HASH}/<script>`,
])('pathFault: %j is refused', (path) => {
  expect(pathFault(path)).not.toBeNull()
})

test.each(['/', '/healthz', '/assets/a-b_1.js', '/api/v1/status', `/${HASH}/100%25`, `/${HASH}/a%20b/~c(1).txt`])(
  'pathFault: %s is sound',
  (path) => {
    expect(pathFault(path)).toBeNull()
  },
)

const KEY = decodeKeyHex(HASH)

test.each([
  [`/${HASH.toUpperCase()}`, `/${HASH}`],
  [`/raw/${HASH.toUpperCase()}`, `/raw/${HASH}`],
  [`/${HASH}.`, `/${HASH}`],
  [`/${HASH}%29`, `/${HASH}`],
  [`/sha256:${HASH}`, `/${HASH}`],
  [`/p/${HASH}/x`, `/${HASH}`],
  [`/${encodeKeyBase32(KEY)}`, `/${HASH}`],
  [`/${encodeKeyBase32(KEY).toUpperCase()}`, `/${HASH}`],
  [`/${encodeKeyCid(KEY)}`, `/${HASH}`],
  [`/raw/${encodeKeyCid(KEY)}`, `/raw/${HASH}`],
  [`/a${HASH}`, null], // 65 digits: which 64 were meant?
  [`/${HASH.slice(1)}`, null],
  ['/bafkqaaa', null],
  ['/QmY7Yh4UquoXHLPFo2XbhXkhBvFoPwmQUSa92pxnxjQuPU', null],
  ['/hello', null],
  ['/%', null],
])('suggestPath: %s → %s', (path, suggestion) => {
  expect(suggestPath(path)).toBe(suggestion)
})

test.each([
  ['/a?b=c?d', { path: '/a', query: 'b=c?d' }],
  ['/a', { path: '/a', query: '' }],
  ['http://host:1/a?b', { path: '/a', query: 'b' }],
  ['HTTPS://host', { path: '', query: '' }],
  ['*', { path: '*', query: '' }],
])('splitTarget: %s', (target, parts) => {
  expect(splitTarget(target)).toEqual(parts)
})

test.each([
  [HASH.slice(0, 40), 'its hash has 40 digits instead of 64'],
  [`raw/${HASH}00`, 'its hash has 66 digits instead of 64'],
  ['hello', 'a fault of another kind'],
  ['abc', 'a fault of another kind'],
])('badAddress: of the link /%s it says that %s', (path, words) => {
  expect(badAddress(`/${path}`, 'a fault of another kind').problem.message).toBe(`That path names nothing here: ${words}.`)
})

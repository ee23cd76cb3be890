import { expect, test } from 'vitest'
import { encodeKeyBase32, sha256 } from '../../../node/keys/index.ts'
import { hashnameOf } from '../../../node/keys/signing.ts'
import { parseEnd } from '../../../node/messages/format/end.ts'

const HASHNAME = hashnameOf(new Uint8Array(32).fill(5))

test('end: an open end is the key of its name', async () => {
  const key = await sha256(new TextEncoder().encode('mayfly-end:wall'))
  expect(parseEnd('#wall')).toEqual({ kind: 'open', text: '#wall', key })
})

test('end: a hashname is its own key', () => {
  const end = parseEnd(HASHNAME)
  expect(end).toMatchObject({ kind: 'hashname', text: HASHNAME })
  expect(encodeKeyBase32(end.key)).toBe(HASHNAME)
})

test.each(['#a', '#é', '#Wall', '#my-wall_1.0', '#日本語', `#${'😀'.repeat(64)}`, `#${HASHNAME.slice(1)}`])('end: %s is one', (text) => {
  expect(parseEnd(text)).toMatchObject({ kind: 'open', text })
})

test.each([
  '',
  'wall',
  '#',
  '##',
  '#a#b',
  '#a/b',
  '#a?b',
  '#50%',
  '# a',
  '#a b',
  '#a\u00a0b',
  '#a\n',
  '#a\u0000',
  '#a\u202e',
  '#\ud800',
  '#e\u0301',
  `#${'a'.repeat(65)}`,
  `#${HASHNAME}`,
  HASHNAME.toUpperCase(),
  HASHNAME.slice(1),
  `${HASHNAME}a`,
  `${HASHNAME.slice(0, 51)}b`,
  `${HASHNAME.slice(0, 51)}1`,
])('end: %j is none', (text) => {
  expect(() => parseEnd(text)).toThrow(expect.objectContaining({ code: 'ERR_BAD_END' }))
})

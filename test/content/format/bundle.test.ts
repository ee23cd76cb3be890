/** Bundles: canonical, bounded, and never a path that leads out. */

import { encode } from 'cborg'
import { expect, test } from 'vitest'
import {
  type BundleEntry,
  decodeBundle,
  encodeBundle,
  isBundle,
  MAX_BUNDLE_ENTRIES,
  refusePath,
} from '../../../node/content/format/bundle.ts'

const key = new Uint8Array(32).fill(7)
const entry = (path: string, more: Partial<BundleEntry> = {}): BundleEntry => ({ path, size: 3, type: 'text/plain', key, ...more })

test('bundle: the same files in any order make the same bundle', () => {
  const entries = ['b.txt', 'a/ü.txt', 'a/z.txt', 'a.txt', '🙂/x', 'index.html'].map((path) => entry(path))
  const bytes = encodeBundle(entries)
  expect(encodeBundle(entries.toReversed())).toEqual(bytes)
  expect(isBundle(bytes)).toBe(true)
  expect(decodeBundle(bytes).map(({ path }) => path)).toEqual(['a.txt', 'a/z.txt', 'a/ü.txt', 'b.txt', 'index.html', '🙂/x'])
})

test('bundle: outlines and unknown types are kept', () => {
  const entries = [entry('large', { size: 2 ** 40, type: '', outline: new Uint8Array(32).fill(9) })]
  expect(decodeBundle(encodeBundle(entries))).toEqual(entries)
})

test('bundle: no files make a bundle, too', () => {
  expect(decodeBundle(encodeBundle([]))).toEqual([])
})

test.each([
  '',
  '/',
  'a//b',
  '/a',
  'a/',
  '.',
  '..',
  'a/../b',
  './a',
  'a\\b',
  'a\u0000b',
  'a\nb',
  'x'.repeat(256),
  `${'x/'.repeat(600)}x`,
  '\ud800',
])('bundle: the path %j is refused, written or read', (path) => {
  expect(refusePath(path)).toBeDefined()
  expect(() => encodeBundle([entry(path)])).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
  if (!path.isWellFormed()) return // UTF-8 has no such text: it cannot even be forged
  const forged = encode(['mayfly-bundle', 1, [[path, 3, 'text/plain', key, null]]])
  expect(() => decodeBundle(forged)).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
})

test.each(['a', 'ä b/c.txt', '...', 'x'.repeat(255), '%2e%2e', '~', 'CON', 'a'.repeat(200)])('bundle: the path %j is right', (path) => {
  expect(refusePath(path)).toBeUndefined()
  expect(decodeBundle(encodeBundle([entry(path)]))[0]?.path).toBe(path)
})

test('bundle: a path that occurs twice, or out of order, is refused', () => {
  expect(() => encodeBundle([entry('a'), entry('a')])).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
  const row = (path: string) => [path, 3, '', key, null]
  for (const rows of [
    [row('a'), row('a')],
    [row('b'), row('a')],
  ]) {
    expect(() => decodeBundle(encode(['mayfly-bundle', 1, rows]))).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
  }
})

test('bundle: fields of another kind are refused', () => {
  const rows: unknown[] = [
    ['a', -1, '', key, null],
    ['a', 1.5, '', key, null],
    ['a', 1, 'text/html; charset=x', key, null],
    ['a', 1, 'x\r\ny', key, null],
    ['a', 1, '', key.subarray(1), null],
    ['a', 1, '', key, 'outline'],
    ['a', 1, '', key],
    'a',
  ]
  for (const row of rows)
    expect(() => decodeBundle(encode(['mayfly-bundle', 1, [row]]))).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
})

test('bundle: too many files are refused, and the limit is named', () => {
  const many = Array.from({ length: MAX_BUNDLE_ENTRIES + 1 }, (_, i) => entry(`${i}`))
  expect(() => encodeBundle(many)).toThrow(String(MAX_BUNDLE_ENTRIES))
})

test('bundle: other content is recognised by its first bytes', () => {
  for (const text of ['', 'mayfly-bundle', '<!doctype html>', '{"mayfly":1}']) expect(isBundle(new TextEncoder().encode(text))).toBe(false)
})

import { expect, test } from 'vitest'
import { chooseByPattern, matchesPattern } from '../../../node/cli/receive/path-pattern.ts'

test.each<[pattern: string, path: string, isMeant: boolean]>([
  ['a.txt', 'a.txt', true],
  ['a.txt', 'b/a.txt', true],
  ['a.txt', 'a.txt.old', false],
  ['*.jpg', 'b/c/photo.jpg', true],
  ['*.jpg', 'photo.jpeg', false],
  ['b', 'b/c/a.txt', true],
  ['b/', 'b/c/a.txt', true],
  ['b/*', 'b/a.txt', true],
  ['b/*.txt', 'c/b/a.txt', false],
  ['b/**/a.txt', 'b/c/d/a.txt', true],
  ['b/*/a.txt', 'b/c/d/a.txt', false],
  ['?.txt', 'é.txt', true],
  ['a+(b)[c]', 'a+(b)[c]', true],
  ['a.b', 'axb', false],
  ['a\nb', 'a\nb', true],
])('pattern: %j and %j', (pattern, path, isMeant) => {
  expect(matchesPattern(path, [pattern])).toBe(isMeant)
})

test('pattern: no pattern chooses all; one that chooses nothing says what there is', () => {
  const entries = [{ path: 'a' }, { path: 'b/c' }]
  expect(chooseByPattern(entries, [])).toEqual(entries)
  expect(chooseByPattern(entries, ['x', 'b'])).toEqual([{ path: 'b/c' }])
  expect(() => chooseByPattern(entries, ['x'])).toThrow('It has: a, b/c')
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { safePath, twinKey } from '../../../node/sharing/format/safe-path.ts'

const pathsOf = (...paths: string[]) => {
  const taken = new Set<string>()
  return paths.map((path) => safePath(path, taken).path)
}

test.each([
  [
    ['a.txt', 'b/c.txt', '漢字/é.txt'],
    ['a.txt', 'b/c.txt', '漢字/é.txt'],
  ],
  [
    ['a.txt', 'A.TXT', 'a.txt'],
    ['a.txt', 'A (2).TXT', 'a (3).txt'],
  ],
  [
    ['e\u0301', '\u00e9'],
    ['e\u0301', '\u00e9 (2)'],
  ],
  [
    ['a', 'a/b.txt', 'a/c.txt'],
    ['a', 'a (2)/b.txt', 'a (2)/c.txt'],
  ],
  [
    ['a/b.txt', 'a', 'A/b.txt'],
    ['a/b.txt', 'a (2)', 'A/b (2).txt'],
  ],
  [
    ['CON', 'con.txt', 'CON .txt', 'console'],
    ['_CON', '_con.txt', '_CON .txt', 'console'],
  ],
  [
    ['../../x', '/etc/y', 'C:\\z', 'a//b', './c'],
    ['_/_/x', 'etc/y', 'C_/z', 'a/b', 'c'],
  ],
  [
    ['a:b?', 'dot.', ' space ', '\u202efdp', ''],
    ['a_b_', 'dot', 'space', '_fdp', 'file'],
  ],
])('%j is kept as %j', (paths, kept) => {
  expect(pathsOf(...paths)).toEqual(kept)
})

test('a name that is too long keeps its ending, also where a number is added', () => {
  const long = `${'x'.repeat(250)}.txt`
  const kept = pathsOf(long, long, `${'é'.repeat(200)}.jpeg`)
  expect(kept[0]).toBe(long)
  for (const path of kept) expect(new TextEncoder().encode(path).byteLength).toBeLessThanOrEqual(255)
  expect(kept.slice(1).map((path) => path.split('.').at(-1))).toEqual(['txt', 'jpeg'])
})

test('whatever comes, no two are one on any system, none is a folder of another, and a safe one stays as it is', () => {
  const part = fc.oneof(fc.constantFrom('a', 'A', 'b.txt', '..', 'nul', 'é', 'e\u0301', ''), fc.string({ maxLength: 6 }))
  const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
  fc.assert(
    fc.property(fc.array(path, { maxLength: 12 }), (paths) => {
      const kept = pathsOf(...paths)
      const keys = kept.map(twinKey)
      expect(new Set(keys).size).toBe(keys.length)
      for (const key of keys) expect(keys.some((other) => other.startsWith(`${key}/`))).toBe(false)
      for (const each of kept) expect(safePath(each, new Set())).toEqual({ path: each, change: undefined })
    }),
  )
})

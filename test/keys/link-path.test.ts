import fc from 'fast-check'
import { expect, test } from 'vitest'
import { refusePath } from '../../node/index.ts'
import { decodePath, encodePath, resolvePath } from '../../node/keys/links.ts'
import { anyText } from '../helpers/any-text.ts'

/** The examples of the standard (RFC 3986, 5.2.4 and 5.4), without their first slash. */
test.each([
  ['a/b/c/./../../g', 'a/g'],
  ['mid/content=5/../6', 'mid/6'],
  ['b/c/.', 'b/c/'],
  ['b/c/./', 'b/c/'],
  ['b/c/..', 'b/'],
  ['b/c/../', 'b/'],
  ['b/c/../..', ''],
  ['b/c/../../../g', 'g'],
  ['./g', 'g'],
  ['../g', 'g'],
  ['g.', 'g.'],
  ['..g', '..g'],
  ['...', '...'],
  ['', ''],
  ['/', ''],
  ['//a//', 'a/'],
  ['a//../b', 'a/b'],
])('resolvePath: %j is %j', (path, resolved) => {
  expect(resolvePath(path.split('/'))).toBe(resolved)
  expect(resolvePath(resolved.split('/'))).toBe(resolved)
})

test.each(['a%2Fb', 'a%5Cb', '%00', 'a%0Ab', '%7f', '%ff', '%', '%zz'])('decodePath: %s has a part that no file can have', (text) => {
  expect(decodePath(text)).toBeUndefined()
})

test('every name that a bundle may have comes back from its link, whatever it looks like', () => {
  const part = fc.oneof(
    anyText({ minLength: 1, maxLength: 20 }),
    fc.constantFrom('%2F', '%25', '%2e%2e', '100%', 'a%5cb', '?', '#', ':', '+', ' ', '...', '[1]'),
  )
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
      const path = parts.join('/')
      fc.pre(refusePath(path) === undefined)
      expect(decodePath(encodePath(path))).toBe(path)
      expect(decodePath(new URL(`http://a.example/${encodePath(path)}`).pathname.slice(1))).toBe(path)
    }),
    { numRuns: 500 },
  )
})

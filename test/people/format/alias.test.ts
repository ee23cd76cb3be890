import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanAlias, freeAlias, MAX_ALIAS_LENGTH } from '../../../node/people/format/alias.ts'
import { anyText } from '../../helpers/any-text.ts'

test.each(['Bob', 'Zoë', '李小龙', 'می‌خواهم', '👨‍👩‍👧', "O'Neill (work)", 'a'.repeat(MAX_ALIAS_LENGTH)])('alias: %j is one', (alias) => {
  expect(cleanAlias(` ${alias} `)).toBe(alias.normalize('NFC'))
})

test.each([
  ['', '1 to 64'],
  ['   ', '1 to 64'],
  ['a'.repeat(65), '1 to 64'],
  ['a\nb', 'control'],
  ['gpj.\u202eexe', 'turn text around'],
  ['\u200d\u200c', 'can be seen'],
  ['b\u2028ob', 'control'],
  ['a\u200bb', 'hide'],
  ['\ud800', 'control'],
  ['*', 'something else'],
  ['us', 'something else'],
  ['a'.repeat(52), 'something else'],
  ['12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf', 'something else'],
])('alias: %j is refused, and why', (alias, reason) => {
  expect(() => cleanAlias(alias)).toThrow(
    expect.objectContaining({ code: 'ERR_BAD_OPTION', message: expect.stringMatching(new RegExp(reason)) }),
  )
})

test('alias: a clean one is clean again, whatever was typed', () => {
  fc.assert(
    fc.property(anyText({ maxLength: 80 }), (text) => {
      let alias: string
      try {
        alias = cleanAlias(text)
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_BAD_OPTION' })
        return
      }
      expect(cleanAlias(alias)).toBe(alias)
    }),
  )
})

test('alias: one that is taken gets a number, within the limit', () => {
  const taken = new Set(['bob', 'bob 2'])
  expect(freeAlias('bob', (alias) => taken.has(alias))).toBe('bob 3')
  const long = 'b'.repeat(MAX_ALIAS_LENGTH)
  expect(cleanAlias(freeAlias(long, (alias) => alias === long))).toHaveLength(MAX_ALIAS_LENGTH)
})

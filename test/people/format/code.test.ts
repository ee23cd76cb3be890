import { wordlist } from '@scure/bip39/wordlists/english.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { drawCode, formatCode, loadCodeWords, nearestWord, parseCode } from '../../../node/people/format/code.ts'
import { anyText } from '../../helpers/any-text.ts'

const CODE = { nameplate: '0742', words: ['guitar', 'mango'] }
const refusal = (message: RegExp) => expect.objectContaining({ code: 'ERR_BAD_OPTION', message: expect.stringMatching(message) })

test('code: the list is the English one of BIP 39', async () => {
  expect(await loadCodeWords()).toBe(wordlist)
  expect(wordlist).toHaveLength(2048)
})

test.each([
  'guitar-mango-0742',
  'Guitar Mango 0742',
  '  MANGO   guitar 0742 ',
  '0742 mango-guitar',
  'mango 0742 guitar.',
  'mango–guitar—07 42',
  'mango,guitar,0742',
  'ｍａｎｇｏ guitar ０７４２',
  'mango_guitar0742',
])('code: %j is read', (text) => {
  expect(parseCode(text, wordlist)).toEqual(CODE)
})

test('code: a word that is none is named, with the nearest one', () => {
  expect(() => parseCode('guitr mango 0742', wordlist)).toThrow(refusal(/“guitr”.*“guitar”/))
  expect(() => parseCode('guitar mangoo 0742', wordlist)).toThrow(refusal(/“mangoo”.*“mango”/))
  expect(nearestWord('absorbe', wordlist)).toBe('absorb')
})

test.each([
  ['', /0 words/],
  ['mango 0742', /1 word /],
  ['mango guitar piano 0742', /3 words/],
  ['mango mango 0742', /came twice/],
  ['mango guitar', /0 digits/],
  ['mango guitar 742', /3 digits/],
  ['mango guitar 07421', /5 digits/],
  ['mango guitar ٠٧٤٢', /4 digits|no word/],
  ['💥 mango', /1 word /],
])('code: %j is refused, and the form is named', (text, reason) => {
  expect(() => parseCode(text, wordlist)).toThrow(refusal(reason))
  expect(() => parseCode(text, wordlist)).toThrow(refusal(/as mango-guitar-7342/))
})

test('code: whatever is drawn has two words that differ, and is read as it was written', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
      const code = drawCode(wordlist, (limit) => (numbers.next().value as number) % limit)
      expect(code.words[0] < code.words[1]).toBe(true)
      expect(code.nameplate).toMatch(/^\d{4}$/)
      expect(parseCode(formatCode(code), wordlist)).toEqual(code)
    }),
  )
})

test('code: any text is read or refused with the code of bad input', () => {
  fc.assert(
    fc.property(anyText(), (text) => {
      expect(() => parseCode(text, wordlist)).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
    }),
  )
})

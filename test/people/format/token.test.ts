import { wordlist } from '@scure/bip39/wordlists/english.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeToken, parseSecret, termsOf, tokenLink } from '../../../node/people/format/token.ts'

const TOKEN = new Uint8Array(16).fill(0xa5)
const TEXT = encodeToken(TOKEN)

test('token: 26 characters, and a link in which a server never sees it', () => {
  expect(TEXT).toHaveLength(26)
  expect(tokenLink('https://gateway.example/', TEXT)).toBe(`https://gateway.example/#add=${TEXT}`)
  expect(tokenLink('http://localhost:4000/people?x=1#old', TEXT, 'device')).toBe(`http://localhost:4000/people?x=1#add-place=${TEXT}`)
})

test.each([
  [TEXT, undefined],
  [TEXT.toUpperCase(), undefined],
  [` ${TEXT.slice(0, 8)} ${TEXT.slice(8, 16)}-${TEXT.slice(16)}\n`, undefined],
  [`https://gateway.example/#add=${TEXT}`, 'contact'],
  [`Add me: https://gateway.example/people#lang=en&add=${TEXT}&x=1`, 'contact'],
  [`https://gateway.example/#add-place=${TEXT.toUpperCase()}`, 'device'],
])('token: %j is read', (text, kind) => {
  expect(parseSecret(text, wordlist)).toEqual({ form: 'token', token: TOKEN, ...(kind === undefined ? {} : { kind }) })
})

test('token: a code is read where a token is, and a link that is cut is named as one', () => {
  expect(parseSecret('mango guitar 0742', wordlist)).toEqual({ form: 'code', code: { nameplate: '0742', words: ['guitar', 'mango'] } })
  for (const cut of [TEXT.slice(1), `${TEXT}a`, TEXT.replace(/.$/, 'b'), ''])
    expect(() => parseSecret(`https://gateway.example/#add=${cut}`, wordlist)).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_OPTION', message: expect.stringContaining('26 characters') }),
    )
})

test('token: every token comes back from its text and its link', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.constantFrom('contact' as const, 'device' as const), (token, kind) => {
      expect(parseSecret(encodeToken(token), wordlist)).toEqual({ form: 'token', token })
      expect(parseSecret(tokenLink('https://a.example', encodeToken(token), kind), wordlist)).toEqual({ form: 'token', token, kind })
    }),
  )
})

test('token: any text is read or refused with the code of bad input', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const input of [text, `#add=${text}`])
        try {
          parseSecret(input, wordlist)
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_BAD_OPTION' })
        }
    }),
  )
})

test('token: the key that record nodes see tells neither the id nor the secret', () => {
  const { key, id, password } = termsOf({ form: 'token', token: TOKEN })
  expect([key.byteLength, id.byteLength]).toEqual([32, 16])
  expect(Buffer.from(key).includes(Buffer.from(id))).toBe(false)
  expect(password).toEqual(TOKEN)
  const code = termsOf({ form: 'code', code: { nameplate: '0742', words: ['guitar', 'mango'] } })
  const sameNumber = termsOf({ form: 'code', code: { nameplate: '0742', words: ['able', 'zoo'] } })
  expect(code.key).toEqual(sameNumber.key)
  expect(code.password).not.toEqual(sameNumber.password)
})

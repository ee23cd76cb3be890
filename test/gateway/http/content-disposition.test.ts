import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentDisposition, dispositionWish } from '../../../gateway/http/content-disposition.ts'
import { anyText } from '../../helpers/any-text.ts'

test.each([
  ['', null],
  ['o=1', null],
  ['download=1', 'attachment; filename="fallback.bin"'],
  ['download', 'attachment; filename="fallback.bin"'],
  ['download=0', null],
  ['download=false', null],
  ['filename=a.txt', 'inline; filename="a.txt"'],
  ['filename=a.txt&download=1', 'attachment; filename="a.txt"'],
  ['filename=a%20b.txt', 'inline; filename="a b.txt"'],
  ['filename=caf%C3%A9.txt', `inline; filename="caf_.txt"; filename*=UTF-8''caf%C3%A9.txt`],
  ['filename=%F0%9F%A6%9F', `inline; filename="_"; filename*=UTF-8''%F0%9F%A6%9F`],
  ['filename=a%22%3B%20x%3D%22b', `inline; filename="a_; x=_b"; filename*=UTF-8''a%22%3B%20x%3D%22b`],
  ["filename=it's(1)*", `inline; filename="it's(1)*"`],
  ["filename=é's(1)*", `inline; filename="_'s(1)*"; filename*=UTF-8''%C3%A9%27s%281%29%2A`],
  ['filename=100%25', `inline; filename="100_"; filename*=UTF-8''100%25`],
  ['filename=a%0d%0aSet-Cookie:%20x', 'inline; filename="aSet-Cookie: x"'],
  ['filename=..%2f..%5cetc', 'inline; filename=".._.._etc"'],
  ['filename=..', null],
  ['filename=%00%20', null],
  ['filename=ann%E2%80%AEgpj.exe', 'inline; filename="anngpj.exe"'],
  ['filename=%ff', `inline; filename="_"; filename*=UTF-8''%EF%BF%BD`],
])('contentDisposition: ?%s', (query, value) => {
  expect(contentDisposition(dispositionWish(new URLSearchParams(query)), 'fallback.bin')).toBe(value)
})

test('contentDisposition: any name makes one header that holds two parameters at most', () => {
  fc.assert(
    fc.property(anyText({ maxLength: 400 }), (filename) => {
      const value = contentDisposition({ filename, download: true }, 'x')
      expect(value).toMatch(/^attachment; filename="[\x20-\x21\x23-\x5b\x5d-\x7e]+"(; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]+)?$/)
    }),
  )
})

test('contentDisposition: a long name is cut to 255 bytes, between characters', () => {
  const value = contentDisposition({ filename: '🦟'.repeat(100), download: false }, 'x')
  expect(value?.match(/%F0%9F%A6%9F/g)).toHaveLength(63)
})

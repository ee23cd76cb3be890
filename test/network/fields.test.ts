import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  readArray,
  readBoolean,
  readBytes,
  readBytesUpTo,
  readInteger,
  readOptional,
  readText,
  readTuple,
  readWord,
  viewBytesUpTo,
} from '../../node/network/fields.ts'

const NUMBERS = { busy: 1, full: 9 } as const

test.each<[name: string, read: (value: unknown) => unknown, good: unknown[], bad: unknown[]]>([
  ['integer', (value) => readInteger(value, 'size', 9), [0, 9], [-1, 10, 1.5, Number.NaN, '1', 1n, null, undefined]],
  ['boolean', (value) => readBoolean(value, 'size'), [true, false], [0, 1, 'true', null]],
  ['bytes', (value) => readBytes(value, 'size', 2), [Uint8Array.of(1, 2)], [Uint8Array.of(1), Uint8Array.of(1, 2, 3), [1, 2], 'ab']],
  ['bytes up to', (value) => readBytesUpTo(value, 'size', 2), [Uint8Array.of(), Uint8Array.of(1, 2)], [Uint8Array.of(1, 2, 3), 'ab']],
  ['view', (value) => viewBytesUpTo(value, 'size', 2), [Uint8Array.of(), Uint8Array.of(1, 2)], [Uint8Array.of(1, 2, 3), null]],
  ['text', (value) => readText(value, 'size', 2), ['', 'ab'], ['abc', 1, Uint8Array.of(1)]],
  ['array', (value) => readArray(value, 'size', 2, readInteger), [[], [1, 2]], [[1, 2, 3], ['a'], { length: 1 }, null]],
  [
    'tuple',
    (value) => readTuple(value, 'size', 2),
    [
      [1, 2],
      [1, 2, 3],
    ],
    [[1], 'ab', undefined],
  ],
  ['optional', (value) => readOptional(value, 'size', readInteger), [7], [undefined, 'a']],
])('fields: %s is read, and anything else is refused by the name of the field', (_, read, good, bad) => {
  for (const value of good) expect(read(value)).toEqual(value)
  for (const value of bad) {
    expect(() => read(value)).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME', message: expect.stringContaining('size') }))
  }
})

test('fields: null is an optional field that was left out', () => {
  expect(readOptional(null, 'size', readInteger)).toBeUndefined()
})

test('fields: a word travels as its number', () => {
  expect(readWord(9, 'reason', NUMBERS)).toBe('full')
  for (const value of [2, '1', 'busy', null])
    expect(() => readWord(value, 'reason', NUMBERS)).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
})

test('fields: bytes that are kept share no memory with the frame, a Buffer’s neither; a view does', () => {
  for (const frame of [new Uint8Array(100), Buffer.alloc(100)]) {
    const field = frame.subarray(10, 12)
    expect(readBytes(field, 'key', 2).buffer.byteLength).toBe(2)
    expect(readBytesUpTo(field, 'key', 9).buffer.byteLength).toBe(2)
    expect(viewBytesUpTo(field, 'key', 9)).toBe(field)
  }
})

test('fields: no value makes a reader throw anything but ERR_BAD_FRAME', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      for (const read of [readInteger, readBoolean, (v: unknown, n: string) => readArray(v, n, 3, readInteger)]) {
        try {
          read(value, 'size')
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_BAD_FRAME' })
        }
      }
    }),
  )
})

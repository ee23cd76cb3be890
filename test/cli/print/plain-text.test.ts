import { expect, test } from 'vitest'
import { createPlainTextCheck } from '../../../node/cli/print/plain-text.ts'

test('plain text: is UTF-8 with tabs and line ends, wherever a character is cut', () => {
  const bytes = Buffer.from('hello\t🙂\r\n')
  for (let at = 0; at <= bytes.byteLength; at++) {
    const isPlain = createPlainTextCheck()
    expect([isPlain(bytes.subarray(0, at)), isPlain(bytes.subarray(at))]).toEqual([true, true])
  }
})

test.each([[[0]], [[27]], [[0xff]], [[0xc3, 0x28]], [[0xc2, 0x9b]]])('plain text: %j is not plain, also after text', (bytes) => {
  const isPlain = createPlainTextCheck()
  expect(isPlain(Buffer.from('text'))).toBe(true)
  expect(isPlain(new Uint8Array(bytes))).toBe(false)
})

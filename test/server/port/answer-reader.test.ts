/** Answers of plain HTTP, read from bytes that come in any cut, and what is no answer. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAnswerReader } from '../../../node/server/port/answer-reader.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n'

/** Reads an answer that comes in pieces which end at these places. */
function readCut(text: string, cuts: readonly number[] = []) {
  const bytes = Buffer.from(text, 'latin1')
  const ends = [...new Set([...cuts.filter((cut) => cut > 0 && cut < bytes.byteLength), bytes.byteLength])].toSorted((a, b) => a - b)
  let head: { status: number; length: number | undefined } | undefined
  let body = ''
  const states: string[] = []
  const reader = createAnswerReader({
    onHead: (status, length) => {
      head = { status, length }
    },
    onBody: (part) => {
      body += Buffer.from(part).toString('latin1')
    },
  })
  let at = 0
  for (const end of ends) {
    states.push(reader.read(bytes.subarray(at, end)))
    at = end
  }
  return { head, body, state: states.at(-1), before: states.slice(0, -1) }
}

test('answer reader: a body of a told length, however it is cut', () => {
  const text = `${OK}Content-Type: a/b\r\ncontent-length:  12 \r\n\r\nhello\r\n\r\nyou`
  fc.assert(
    fc.property(fc.array(fc.nat(text.length)), (cuts) => {
      const { head, body, state, before } = readCut(text, cuts)
      expect([head, body, state]).toEqual([{ status: 200, length: 12 }, 'hello\r\n\r\nyou', 'end'])
      expect(before.every((each) => each === 'more')).toBe(true)
    }),
  )
})

test('answer reader: a body in chunks, however it is cut', () => {
  const text = `HTTP/1.1 206 \r\n${CHUNKED}5\r\nhello\r\n00B\r\n, \r\nworld!!\r\n0\r\n\r\n`
  fc.assert(
    fc.property(fc.array(fc.nat(text.length)), (cuts) => {
      const { head, body, state, before } = readCut(text, cuts)
      expect([head, body, state]).toEqual([{ status: 206, length: undefined }, 'hello, \r\nworld!!', 'end'])
      expect(before.every((each) => each === 'more')).toBe(true)
    }),
  )
})

test('answer reader: an answer without a body ends with its head', () => {
  expect(readCut(`HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n`)).toMatchObject({
    head: { status: 404, length: 0 },
    body: '',
    state: 'end',
  })
})

test.each([
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
  ['an old version', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na'],
  ['an interim answer', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['no length', `${OK}\r\n`],
  ['two lengths', `${OK}content-length: 1\r\ncontent-length: 2\r\n\r\na`],
  ['the same length twice', `${OK}content-length: 1\r\ncontent-length: 1\r\n\r\na`],
  ['a length that is no number', `${OK}content-length: 1e3\r\n\r\n`],
  ['a negative length', `${OK}content-length: -1\r\n\r\n`],
  ['a length and chunks', `${OK}content-length: 1\r\n${CHUNKED}1\r\na\r\n0\r\n\r\n`],
  ['another coding', `${OK}transfer-encoding: gzip, chunked\r\n\r\n`],
  ['compressed content', `${OK}content-encoding: gzip\r\ncontent-length: 1\r\n\r\na`],
  ['a folded header', `${OK}a: b\r\n c\r\ncontent-length: 1\r\n\r\na`],
  ['a header without a name', `${OK}: b\r\ncontent-length: 1\r\n\r\na`],
  ['a head without end', `${OK}a: ${'b'.repeat(20_000)}`],
  ['a size that is no number', `${OK}${CHUNKED}x\r\n`],
  ['a size with an extension', `${OK}${CHUNKED}1;a=b\r\na\r\n`],
  ['a size without end', `${OK}${CHUNKED}${'0'.repeat(64)}`],
  ['a size of nine digits', `${OK}${CHUNKED}000000001\r\na\r\n`],
  ['an empty size', `${OK}${CHUNKED}\r\n`],
  ['a chunk that is longer than it said', `${OK}${CHUNKED}1\r\nab\r\n`],
  ['a trailer', `${OK}${CHUNKED}1\r\na\r\n0\r\na: b\r\n\r\n`],
  ['bytes behind the body', `${OK}content-length: 1\r\n\r\nab`],
  ['bytes behind the last chunk', `${OK}${CHUNKED}0\r\n\r\na`],
])('answer reader: %s is not read', (_what, text) => {
  expect(readCut(text).state).toBe('bad')
  expect(
    readCut(
      text,
      Array.from(text, (_, index) => index),
    ).state,
  ).toBe('bad')
})

test('answer reader: no bytes whatever make it fail, or hand out more than has come', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(400)), (bytes, cuts) => {
      const text = `${OK}${CHUNKED}${Buffer.from(bytes).toString('latin1')}`
      expect(readCut(text, cuts).body.length).toBeLessThanOrEqual(bytes.byteLength)
    }),
  )
})

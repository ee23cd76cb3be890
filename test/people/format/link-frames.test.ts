import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeFrame, encodeFrame, type Frame, withLength } from '../../../node/network/index.ts'
import { decodeLinkFrame, encodeLinkFrame, LINK_LIMITS, type LinkFrame } from '../../../node/people/format/link-frames.ts'
import { frameBody, readWirePage } from '../../helpers/wire-page.ts'

const BAD_FRAME = expect.objectContaining({ code: 'ERR_BAD_FRAME' })
const bytes = (length: number, value: number) => new Uint8Array(length).fill(value)
const room = bytes(32, 3)

const EXAMPLES: Record<string, LinkFrame> = {
  'link: where': {
    type: 'where',
    home: '12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf',
    addresses: ['/dns4/a.example/tcp/443/tls/ws'],
  },
  'link: state': { type: 'state', room: undefined, sequence: 7, text: '{"mood":"good"}' },
  'link: state of a room, taken back': { type: 'state', room, sequence: 8, text: undefined },
  'link: enter': { type: 'enter', rooms: [{ room, proof: bytes(32, 4) }] },
  'link: leave': { type: 'leave', room },
  'link: revocations': { type: 'revocations', statements: [bytes(3, 5)] },
  'link: trust': { type: 'trust', statement: bytes(3, 6) },
  'link: book': { type: 'book', digest: bytes(32, 7) },
  'link: want-book': { type: 'want-book' },
  'link: entries': { type: 'entries', entries: [bytes(2, 8), bytes(2, 9)] },
  'link: ping': { type: 'ping' },
  'link: pong': { type: 'pong' },
}

test('link frames: each example of the wire page is what is sent, and is read back', async () => {
  const { examples } = await readWirePage('node/people/WIRE.md')
  for (const [name, frame] of Object.entries(EXAMPLES)) {
    const wire = examples.get(name)
    const sent = withLength(encodeFrame(encodeLinkFrame(frame)))
    expect.soft(Buffer.from(sent).toString('hex'), name).toBe(Buffer.from(wire ?? []).toString('hex'))
    if (wire !== undefined) expect(decodeLinkFrame(decodeFrame(frameBody(wire)))).toEqual(frame)
  }
  expect([...examples.keys()].filter((name) => name.startsWith('link: '))).toEqual(Object.keys(EXAMPLES))
})

test('link frames: a state over 2 KiB, or that is no JSON, ends the link; a type of a later version does not', () => {
  const state = (text: unknown) => () => decodeLinkFrame([2, null, 1, text])
  expect(state(`"${'x'.repeat(LINK_LIMITS.maxStateBytes - 2)}"`)).not.toThrow()
  expect(state(`"${'x'.repeat(LINK_LIMITS.maxStateBytes - 1)}"`)).toThrow(BAD_FRAME)
  expect(state(`"${'語'.repeat(Math.ceil(LINK_LIMITS.maxStateBytes / 3))}"`)).toThrow(BAD_FRAME)
  expect(state('{"a":')).toThrow(BAD_FRAME)
  expect(decodeLinkFrame([99, 'later'])).toBeUndefined()
})

test('link frames: whatever else a frame holds is a bad frame, and nothing else is thrown', () => {
  const field = fc.oneof(
    fc.integer(),
    fc.string(),
    fc.uint8Array(),
    fc.constant(null),
    fc.array(fc.oneof(fc.uint8Array(), fc.array(fc.uint8Array()))),
  )
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 12 }), fc.array(field, { maxLength: 4 }), (type, fields) => {
      try {
        decodeLinkFrame([type, ...fields] as Frame)
      } catch (error) {
        expect(error).toEqual(BAD_FRAME)
      }
    }),
  )
})

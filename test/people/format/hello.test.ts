import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeFrame, encodeFrame, type Frame, withLength } from '../../../node/network/index.ts'
import {
  decodeSessionFrame,
  encodeSessionFrame,
  HELLO_LIMITS,
  type RoomProof,
  type SessionFrame,
} from '../../../node/people/format/hello.ts'
import { frameBody, readWirePage } from '../../helpers/wire-page.ts'

const BAD_FRAME = expect.objectContaining({ code: 'ERR_BAD_FRAME' })
const bytes = (length: number, value: number) => new Uint8Array(length).fill(value)
const room: RoomProof = { room: bytes(32, 3), proof: bytes(32, 4) }
const who = { certificate: bytes(4, 1), delegation: bytes(4, 2) }

const EXAMPLES: Record<string, SessionFrame> = {
  'hello for a link with a room': { type: 'hello', ...who, topic: { kind: 'link', rooms: [room] } },
  'hello for a link that shows a statement of trust': { type: 'hello', ...who, topic: { kind: 'link', trust: bytes(4, 5) } },
  'hello for calls': { type: 'hello', ...who, topic: { kind: 'calls' } },
  'hello for a channel in a room': { type: 'hello', ...who, topic: { kind: 'channel', name: 'video', room } },
  'hello that carries a channel on': { type: 'hello', ...who, topic: { kind: 'channel', name: 'video', id: bytes(16, 6), isMove: true } },
  'refusal of a session': { type: 'refused', code: 'ERR_REFUSED', text: 'Not a contact' },
  'end mark of a session': { type: 'end' },
  'topic frame of type 2': { type: 'topic', frame: [2, 'hi'] },
}

test('hello: each example of the wire page is what is sent, and is read back', async () => {
  const { examples } = await readWirePage('node/people/WIRE.md')
  for (const [name, frame] of Object.entries(EXAMPLES)) {
    const wire = examples.get(name)
    expect
      .soft(Buffer.from(withLength(encodeFrame(encodeSessionFrame(frame)))).toString('hex'), name)
      .toBe(Buffer.from(wire ?? []).toString('hex'))
    if (wire !== undefined) expect(decodeSessionFrame(decodeFrame(frameBody(wire)))).toEqual(frame)
  }
})

test('hello: whatever else a frame holds is a bad frame, and nothing else is thrown', () => {
  const field = fc.oneof(
    fc.uint8Array(),
    fc.string(),
    fc.nat(),
    fc.constant(null),
    fc.array(fc.oneof(fc.nat(), fc.uint8Array(), fc.string())),
  )
  fc.assert(
    fc.property(fc.nat(15), fc.array(field, { maxLength: 5 }), (type, fields) => {
      try {
        decodeSessionFrame([type, ...fields])
      } catch (error) {
        expect(error).toEqual(BAD_FRAME)
      }
    }),
  )
})

test('hello: what is over a limit is a bad frame', () => {
  const hello = (frame: Partial<Extract<SessionFrame, { type: 'hello' }>>) =>
    encodeSessionFrame({ type: 'hello', ...who, topic: { kind: 'calls' }, ...frame })
  const tooMuch: Frame[] = [
    hello({ certificate: bytes(HELLO_LIMITS.maxCertificateBytes + 1, 1) }),
    hello({ delegation: bytes(HELLO_LIMITS.maxDelegationBytes + 1, 1) }),
    hello({ topic: { kind: 'link', rooms: Array.from({ length: HELLO_LIMITS.maxRooms + 1 }, () => room) } }),
    hello({ topic: { kind: 'channel', name: 'x'.repeat(HELLO_LIMITS.maxNameLength + 1) } }),
    hello({ topic: { kind: 'calls', room: { room: bytes(31, 1), proof: bytes(32, 1) } } }),
    [1, 'not a code', 'text'],
  ]
  for (const frame of tooMuch) expect(() => decodeSessionFrame(frame)).toThrow(BAD_FRAME)
})

test('hello: a refusal with a long text is cut, not lost', () => {
  const frame = encodeSessionFrame({ type: 'refused', code: 'ERR_REFUSED', text: 'x'.repeat(10_000) })
  expect(decodeSessionFrame(frame)).toMatchObject({ text: 'x'.repeat(HELLO_LIMITS.maxTextLength) })
})

import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeFrame, encodeFrame, type Frame, withLength } from '../../../node/network/index.ts'
import {
  decodeRelayAnswer,
  decodeRelayRequest,
  encodeRelayAnswer,
  encodeRelayRequest,
  RELAY_REFUSALS,
  RELAY_WIRE_LIMITS,
  type RelayAnswer,
  type RelayRequest,
} from '../../../node/people/way/relay-wire.ts'
import { frameBody, readNumberedRows, readWirePage } from '../../helpers/wire-page.ts'

const BAD_FRAME = expect.objectContaining({ code: 'ERR_BAD_FRAME' })
const A = '12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'
const B = '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo'
const HOME = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'
const protocol = '/mayfly/people/1.0.0'
const addresses = [multiaddr('/ip4/192.0.2.1/tcp/4000/ws')]

const REQUESTS: Record<string, RelayRequest> = {
  'request of a tab to its home': { type: 'connect', protocol, peer: B, home: HOME, addresses },
  'request of a home to another': { type: 'forward', protocol, peer: B, from: A },
  'stream for the peer': { type: 'incoming', protocol, from: A },
}
const ANSWERS: Record<string, RelayAnswer> = {
  'answer that it is connected': { type: 'connected' },
  'answer that the peer is not here': { type: 'refused', reason: 'not-here' },
}

test('relay: each example of the wire page is what is sent, and is read back', async () => {
  const { examples, text } = await readWirePage('node/people/WIRE.md')
  const check = (name: string, frame: Frame, decoded: (frame: Frame) => unknown, value: unknown) => {
    const wire = examples.get(name) ?? new Uint8Array()
    expect.soft(Buffer.from(withLength(encodeFrame(frame))).toString('hex'), name).toBe(Buffer.from(wire).toString('hex'))
    if (wire.byteLength > 0) expect(decoded(decodeFrame(frameBody(wire)))).toEqual(value)
  }
  for (const [name, request] of Object.entries(REQUESTS)) check(name, encodeRelayRequest(request), decodeRelayRequest, request)
  for (const [name, answer] of Object.entries(ANSWERS)) check(name, encodeRelayAnswer(answer), decodeRelayAnswer, answer)
  expect(readNumberedRows(text, 'Refusals of the relay')).toEqual(
    new Map(Object.entries(RELAY_REFUSALS).map(([name, number]) => [number, name])),
  )
})

test('relay: whatever else a frame holds is a bad frame, and nothing else is thrown', () => {
  const field = fc.oneof(fc.uint8Array(), fc.string(), fc.nat(), fc.constant(null), fc.array(fc.oneof(fc.nat(), fc.uint8Array())))
  fc.assert(
    fc.property(fc.nat(6), fc.array(field, { maxLength: 5 }), (type, fields) => {
      for (const decode of [decodeRelayRequest, decodeRelayAnswer]) {
        try {
          decode([type, ...fields])
        } catch (error) {
          expect(error).toEqual(BAD_FRAME)
        }
      }
    }),
  )
})

test('relay: what is over a limit is a bad frame, and an address of an unknown kind is left out', () => {
  const [type, name, peer, home] = encodeRelayRequest({ type: 'connect', protocol, peer: B, home: HOME, addresses })
  const address = addresses[0]?.bytes
  const many = Array.from({ length: RELAY_WIRE_LIMITS.maxAddresses + 1 }, () => address)
  expect(() => decodeRelayRequest([type, name, peer, home, many])).toThrow(BAD_FRAME)
  expect(() => decodeRelayRequest([type, 'x'.repeat(65), peer, home, []])).toThrow(BAD_FRAME)
  expect(() => decodeRelayRequest([type, name, new Uint8Array(38), home, []])).toThrow(BAD_FRAME)
  expect(decodeRelayRequest([type, name, peer, home, [Uint8Array.of(255, 255), address]])).toMatchObject({ addresses })
})

/** The examples and numbers of WIRE.md, for the first stage. */

import { beforeAll, expect, test } from 'vitest'
import { sha256AtOnce } from '../../../node/keys/index.ts'
import { publicKeyOf } from '../../../node/keys/signing.ts'
import { decodeFrame, encodeFrame } from '../../../node/network/index.ts'
import { encodeFirstKey } from '../../../node/sharing/first/first-keys.ts'
import { decodePipeFrame, encodePipeFrame, PIPE_REFUSALS, type PipeFrame } from '../../../node/sharing/first/pipe-frames.ts'
import { decodeFirstKey, openFirstSession } from '../../../node/sharing/first/session.ts'
import { firstKeysOf } from '../../helpers/first-keys.ts'
import { frameBody, readNumberedRows, readWirePage, type WirePage } from '../../helpers/wire-page.ts'

const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte)
const LINK = { id: sha256AtOnce(publicKeyOf(filled(32, 1))), secret: filled(16, 2) }
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const FRAMES: Record<string, PipeFrame> = {
  open: { type: 'open', id: LINK.id },
  opened: { type: 'opened' },
  refuse: { type: 'refuse', reason: 'wrong' },
  data: { type: 'data', bytes: filled(4, 7) },
}

let page: WirePage
beforeAll(async () => {
  page = await readWirePage('node/sharing/WIRE.md')
})

test.each(Object.entries(FRAMES))('first stage: the frame %s is that of the page, and comes back as it was', (name, frame) => {
  const bytes = frameBody(page.examples.get(`first stage ${name}`) ?? new Uint8Array())
  expect(hex(encodeFrame(encodePipeFrame(frame)))).toBe(hex(bytes))
  expect(decodePipeFrame(decodeFrame(bytes))).toEqual(frame)
})

test('first stage: keys and records are those of the page', async () => {
  const [sharer, receiver] = [await firstKeysOf(filled(32, 10)), await firstKeysOf(filled(32, 11))]
  expect(hex(encodeFirstKey(sharer))).toBe(hex(page.examples.get("first stage sharer's key") ?? filled(1, 0)))
  expect(hex(encodeFirstKey(receiver))).toBe(hex(page.examples.get("first stage receiver's key") ?? filled(1, 0)))
  const atSharer = await openFirstSession('sharer', sharer, decodeFirstKey(encodeFirstKey(receiver)), LINK)
  const atReceiver = await openFirstSession('receiver', receiver, decodeFirstKey(encodeFirstKey(sharer)), LINK)
  const take = Uint8Array.of(0x82, 0x07, 0xf6)
  const records = [await atReceiver.seal(take), await atReceiver.seal(take), await atSharer.seal(take)]
  const names = ['first record of the receiver', 'second record of the receiver', 'first record of the sharer']
  expect(records.map(hex)).toEqual(names.map((name) => hex(page.examples.get(`first stage ${name}`) ?? filled(1, 0))))
  expect([await atSharer.open(records[0] ?? take), await atSharer.open(records[1] ?? take)].map(hex)).toEqual([hex(take), hex(take)])
  expect(atSharer.ends).toEqual(atReceiver.ends)
  expect(page.text).toContain(atSharer.ends.visitor)
})

test('first stage: the numbers of refusals are those of the page', () => {
  expect(readNumberedRows(page.text, 'Refusals of a first stage')).toEqual(
    new Map(Object.entries(PIPE_REFUSALS).map(([name, number]) => [number, name])),
  )
})

import { beforeAll, expect, test } from 'vitest'
import { cleanRoomName, createRoomSecret, isRoomProven, proveRoom, ROOM_LIMITS, roomKeyOf } from '../../../node/people/rooms/room-secret.ts'
import { readWirePage, type WirePage } from '../../helpers/wire-page.ts'

const A = '12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'
const B = '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo'

let page: WirePage
beforeAll(async () => {
  page = await readWirePage('node/people/WIRE.md')
})

const example = (name: string) => page.examples.get(name) ?? new Uint8Array()

test('room wire: secrets, keys and the proof of the page are what they say', async () => {
  const open = await createRoomSecret('tea')
  expect(open).toEqual(example('secret of the open room tea'))
  expect(roomKeyOf(open)).toEqual(example('key of the open room tea'))
  const locked = await createRoomSecret('tea', 'earl grey')
  expect(locked).toEqual(example('secret of the room tea with the password earl grey'))
  expect(roomKeyOf(locked)).toEqual(example('key of the room tea with the password earl grey'))
  expect(proveRoom(locked, A, B)).toEqual({ room: roomKeyOf(locked), proof: example('proof of a member to another one') })
})

test('a room: a proof counts for its prover, its verifier and its room alone', async () => {
  const secret = await createRoomSecret('tea', 'earl grey')
  const proof = proveRoom(secret, A, B)
  expect(isRoomProven(secret, proof, A, B)).toBe(true)
  expect(isRoomProven(secret, proof, B, A)).toBe(false)
  expect(isRoomProven(secret, proof, B, B)).toBe(false)
  const other = await createRoomSecret('tea', 'darjeeling')
  expect(isRoomProven(other, proof, A, B)).toBe(false)
  expect(isRoomProven(secret, proveRoom(other, A, B), A, B)).toBe(false)
  expect(isRoomProven(secret, { ...proof, proof: proveRoom(other, A, B).proof }, A, B)).toBe(false)
  expect(isRoomProven(secret, { ...proof, proof: proof.proof.subarray(0, 31) }, A, B)).toBe(false)
})

test('a room: one name, however it is typed', async () => {
  expect(cleanRoomName('  cafe\u0301 ')).toBe('caf\u00e9')
  expect(await createRoomSecret('cafe\u0301', 'e\u0301')).toEqual(await createRoomSecret('caf\u00e9', '\u00e9'))
  expect(await createRoomSecret('Tea')).not.toEqual(await createRoomSecret('tea'))
})

test.each(['', '   ', 'a\u0000b', 'x'.repeat(ROOM_LIMITS.maxNameLength + 1)])('a room: %j is no name', async (name) => {
  await expect(createRoomSecret(name)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
})

test.each(['', 'x'.repeat(ROOM_LIMITS.maxPasswordLength + 1), '\ud800'])('a room: %j is no password', async (password) => {
  await expect(createRoomSecret('tea', password)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
})

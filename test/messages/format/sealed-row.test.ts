/** Messages of a row, each of which opens by itself, in Node.js and in a tab. */

import * as native from 'node:crypto'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { publicKeyOf } from '../../../node/keys/signing.ts'
import { createNativeHpke } from '../../../node/messages/format/native-hpke.ts'
import { openSealedPayload, sealPayload } from '../../../node/messages/format/seal.ts'
import { isOfRow, ROW_LIMITS, splitRowMessage } from '../../../node/messages/format/sealed-row.ts'
import { isSealedSize } from '../../../node/messages/format/sealed-size.ts'
import { webHpke } from '../../../node/messages/format/web-hpke.ts'

const SENDER = new Uint8Array(32).fill(1)
const RECEIVER = new Uint8Array(32).fill(2)
const STRANGER = new Uint8Array(32).fill(3)
const aad = Uint8Array.of(1, 2, 3)
const KEYS = { secret: SENDER, receiver: publicKeyOf(RECEIVER), aad }
const RIGHT = { secret: RECEIVER, sender: publicKeyOf(SENDER), aad }
const DAMAGED = expect.objectContaining({ code: 'ERR_DAMAGED' })
const PLAIN = new Uint8Array(252).fill(7)

const placeOf = (sealed: Uint8Array) => {
  const { enc, sequence } = splitRowMessage(sealed) ?? {}
  return { enc: Buffer.from(enc ?? []).toString('hex'), sequence }
}
const RECEIVERS = [
  { platform: 'Node.js', open: (sealed: Uint8Array) => createNativeHpke(native).open(RIGHT, sealed) },
  { platform: 'a tab', open: (sealed: Uint8Array) => webHpke.open(RIGHT, sealed) },
]

describe.each(RECEIVERS)('sealed row: opened in $platform', ({ open }) => {
  test('each message opens, whatever came before it, at an instance that has seen none of its row', async () => {
    const sender = createNativeHpke(native)
    const texts = ['one', 'two', 'three'].map((text) => new TextEncoder().encode(text.padEnd(252)))
    const sealed = texts.map((text) => sender.seal(KEYS, text, true))
    expect(sealed.map(placeOf)).toEqual([0, 1, 2].map((sequence) => ({ ...placeOf(sealed[0] as Uint8Array), sequence })))
    for (const i of [2, 0, 1, 1]) expect(Uint8Array.from(await open(sealed[i] as Uint8Array))).toEqual(texts[i])
  })

  test('a byte of any part opens nothing, nor does a message with the number of another', async () => {
    const sender = createNativeHpke(native)
    const [first, second] = [sender.seal(KEYS, PLAIN, true), sender.seal(KEYS, PLAIN, true)]
    const changed = [0, 31, 32, 35, 36, 200, first.byteLength - 1].map((at) => first.with(at, (first[at] ?? 0) ^ 1))
    const swapped = Uint8Array.from([...first.subarray(0, 36), ...second.subarray(36)])
    const single = first.with(31, (first[31] ?? 0) & 0x7f)
    for (const sealed of [...changed, swapped, single]) await expect((async () => open(sealed))()).rejects.toThrow()
  })
})

test('sealed row: another sender, receiver or terms open nothing', async () => {
  const sealed = await sealPayload(KEYS, PLAIN, true)
  expect(isOfRow(sealed)).toBe(true)
  expect(await openSealedPayload(RIGHT, sealed)).toEqual(PLAIN)
  for (const wrong of [{ sender: publicKeyOf(STRANGER) }, { secret: STRANGER }, { aad: Uint8Array.of(1, 2, 4) }]) {
    await expect(openSealedPayload({ ...RIGHT, ...wrong }, sealed)).rejects.toEqual(DAMAGED)
  }
})

test('sealed row: payloads of any size are read, and are as long as those that are sealed by themselves', async () => {
  for (const size of [0, 248, 249, 252, 253, 65_000]) {
    const payload = crypto.getRandomValues(new Uint8Array(size))
    const sealed = await sealPayload(KEYS, payload, true)
    expect([size, isOfRow(sealed), isSealedSize(sealed.byteLength)]).toEqual([size, true, true])
    expect(await openSealedPayload(RIGHT, sealed)).toEqual(payload)
  }
  expect((await sealPayload(KEYS, new Uint8Array(248), true)).byteLength).toBe(304)
  expect((await sealPayload(KEYS, new Uint8Array(249), true)).byteLength).toBeGreaterThan(304)
})

test('sealed row: it has a bounded number of messages, and no number twice', () => {
  const sender = createNativeHpke(native)
  const places = Array.from({ length: ROW_LIMITS.maxMessages + 1 }, () => placeOf(sender.seal(KEYS, PLAIN, true)))
  const [first, last] = [places[0], places.at(-1)]
  expect(places.slice(0, -1).every(({ enc }, i) => enc === first?.enc && places[i]?.sequence === i)).toBe(true)
  expect(last?.sequence).toBe(0)
  expect(last?.enc).not.toBe(first?.enc)
})

test('sealed row: it ends after its time, and each receiver and sender has its own', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const sender = createNativeHpke(native)
  const encOf = (keys = KEYS) => placeOf(sender.seal(keys, PLAIN, true)).enc
  const first = encOf()
  vi.advanceTimersByTime(ROW_LIMITS.maxMs - 1)
  expect(encOf()).toBe(first)
  const others = [encOf({ ...KEYS, receiver: publicKeyOf(STRANGER) }), encOf({ ...KEYS, secret: STRANGER })]
  vi.advanceTimersByTime(1)
  expect(new Set([first, ...others, encOf()]).size).toBe(4)
})

test('sealed row: a message that was sealed by itself is none', async () => {
  const sealed = await sealPayload(KEYS, PLAIN)
  expect([isOfRow(sealed), splitRowMessage(sealed)]).toEqual([false, undefined])
})

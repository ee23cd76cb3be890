/** The encryption of a first stage: a record opens once, in its place, at the other end of its own session. */

import { expect, test } from 'vitest'
import { createFirstKeys, encodeFirstKey } from '../../../node/sharing/first/first-keys.ts'
import { createFirstKeyStock, decodeFirstKey, openFirstSession } from '../../../node/sharing/first/session.ts'

const LINK = { id: new Uint8Array(32).fill(1), secret: new Uint8Array(16).fill(2) }
const words = (text: string) => new TextEncoder().encode(text)
const code = (expected: string) => expect.objectContaining({ code: expected })

async function openBoth(receiverLink = LINK) {
  const [sharerKeys, receiverKeys] = [await createFirstKeys(), await createFirstKeys()]
  const sharer = await openFirstSession('sharer', sharerKeys, decodeFirstKey(encodeFirstKey(receiverKeys)), LINK)
  const receiver = await openFirstSession('receiver', receiverKeys, decodeFirstKey(encodeFirstKey(sharerKeys)), receiverLink)
  return { sharer, receiver }
}

test('records of both ends open, in their order', async () => {
  const { sharer, receiver } = await openBoth()
  const sealed = await Promise.all(['one', 'two', ''].map((text) => receiver.seal(words(text))))
  for (const [index, text] of ['one', 'two', ''].entries())
    expect(Buffer.from(await sharer.open(sealed[index] as Uint8Array)).toString()).toBe(text)
  expect(Buffer.from(await receiver.open(await sharer.seal(words('back')))).toString()).toBe('back')
})

/** Changes of the first two records of a receiver on their way. */
const FAULTS: [string, (records: [Uint8Array, Uint8Array]) => Uint8Array[]][] = [
  ['repeated', ([first]) => [first, first]],
  ['left out', ([, second]) => [second]],
  ['turned round', ([first, second]) => [second, first]],
  ['cut', ([first]) => [first.subarray(0, -1)]],
  ['shorter than its tag', ([first]) => [first.subarray(0, 15)]],
  ['longer', ([first]) => [Uint8Array.of(...first, 0)]],
  ['changed', ([first]) => [first.map((byte, at) => (at === 0 ? byte ^ 1 : byte))]],
]

test.each(FAULTS)('a record that was %s does not open', async (_, change) => {
  const { sharer, receiver } = await openBoth()
  const changed = change([await receiver.seal(words('one')), await receiver.seal(words('two'))])
  const opening = async () => {
    for (const record of changed) await sharer.open(record)
  }
  await expect(opening()).rejects.toThrow(code('ERR_FORGED'))
})

test('nothing opens at the end that made it, in another session, or without the secret', async () => {
  const { sharer, receiver } = await openBoth()
  await expect(receiver.open(await receiver.seal(words('one')))).rejects.toThrow(code('ERR_FORGED'))
  const other = await openBoth()
  await expect(other.sharer.open(await receiver.seal(words('one')))).rejects.toThrow(code('ERR_FORGED'))
  const guesser = await openBoth({ ...LINK, secret: new Uint8Array(16).fill(3) })
  await expect(guesser.sharer.open(await guesser.receiver.seal(words('one')))).rejects.toThrow(code('ERR_FORGED'))
  await expect(guesser.receiver.open(await guesser.sharer.seal(words('one')))).rejects.toThrow(code('ERR_FORGED'))
  expect(sharer.ends).not.toEqual(other.sharer.ends)
})

test('a key of another version, of another length, or that is no point is refused', async () => {
  const keys = await createFirstKeys()
  const message = encodeFirstKey(keys)
  expect(() => decodeFirstKey(Uint8Array.of(2, ...message.subarray(1)))).toThrow(code('ERR_BAD_FRAME'))
  expect(() => decodeFirstKey(message.subarray(1))).toThrow(code('ERR_BAD_FRAME'))
  const noPoint = message.slice(1).map((byte, at) => (at === 64 ? byte ^ 1 : byte))
  await expect(openFirstSession('sharer', keys, noPoint, LINK)).rejects.toThrow(code('ERR_BAD_FRAME'))
})

test('key pairs that are made ahead are given once', async () => {
  const take = createFirstKeyStock()
  const taken = [await take(), await take(), await take()]
  expect(new Set(taken.map(({ publicKey }) => Buffer.from(publicKey).toString('hex'))).size).toBe(3)
})

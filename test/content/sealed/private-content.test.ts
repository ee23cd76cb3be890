/** Private content: what is sealed comes back, any part of it; what is not as it was sealed is refused; and PRIVATE.md tells the truth. */

import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeFacts,
  encodeFacts,
  encodeHeader,
  FIRST_SLOT_PLAIN_BYTES,
  HEAD_BYTES,
  HEADER_BYTES,
  MIN_PADDED_BYTES,
  nonceOf,
  paddedBytes,
  SLOT_BYTES,
  SLOT_PLAIN_BYTES,
  sealedBytes,
} from '../../../node/content/sealed/sealed-layout.ts'
import { createRecords } from '../../../node/content/sealed/sealed-records.ts'
import { createLinkKey, decodeLinkKey, isSealed, MayflyError, memorySource, openSealed, sealSource } from '../../../node/index.ts'
import { readWirePage } from '../../helpers/wire-page.ts'

const KEY: Uint8Array = Uint8Array.from({ length: 32 }, (_, i) => i)
/** A piece of the smallest outline; 4 slots. */
const PIECE = 262_144

async function seal(plain: Uint8Array, key = KEY, facts = {}): Promise<Uint8Array> {
  const source = await sealSource(memorySource(plain), key, facts)
  return source.read(0, source.size)
}

/** Cipher text of a holder that sends it in chunks of that size. */
function given(sealed: Uint8Array, chunkBytes = PIECE) {
  return {
    size: sealed.byteLength,
    async *read({ offset, length } = { offset: 0, length: sealed.byteLength }) {
      for (let at = offset; at < offset + length; at += chunkBytes) yield sealed.subarray(at, Math.min(at + chunkBytes, offset + length))
    },
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return new Uint8Array(Buffer.concat(parts))
}

async function unseal(sealed: Uint8Array, key = KEY, part?: { offset: number; length: number }): Promise<Uint8Array> {
  return collect((await openSealed(given(sealed), key)).read(part))
}

const codeOf = (error: unknown) => (error instanceof MayflyError ? error.code : error)
const refusal = (sealed: Uint8Array, key = KEY) => unseal(sealed, key).then(() => 'opened', codeOf)

/** Every border there is, and one to each side. */
const SIZES = [
  0,
  1,
  ...[
    MIN_PADDED_BYTES,
    FIRST_SLOT_PLAIN_BYTES,
    FIRST_SLOT_PLAIN_BYTES + SLOT_PLAIN_BYTES,
    PIECE,
    FIRST_SLOT_PLAIN_BYTES + 4 * SLOT_PLAIN_BYTES,
  ].flatMap((size) => [size - 1, size, size + 1]),
]

test.each(SIZES)('private content: %i bytes come back as they were, whatever the chunks in which their cipher text comes', async (size) => {
  const plain = new Uint8Array(randomBytes(size))
  const sealed = await seal(plain, KEY, { name: 'naïve 漢字.txt', type: 'text/plain' })
  expect(sealed.byteLength).toBe(sealedBytes(size))
  expect(isSealed(sealed)).toBe(true)
  for (const chunkBytes of [PIECE, SLOT_BYTES, 100_003]) {
    const content = await openSealed(given(sealed, chunkBytes), KEY)
    expect(content).toMatchObject({ name: 'naïve 漢字.txt', type: 'text/plain', size })
    expect(Buffer.compare(await collect(content.read()), plain)).toBe(0)
  }
})

test('private content: any part of it, and any part of its cipher text, is the slice of the whole', async () => {
  const plain = new Uint8Array(randomBytes(5 * SLOT_BYTES + 777))
  const source = await sealSource(memorySource(plain), KEY)
  const sealed = await source.read(0, source.size)
  const content = await openSealed(given(sealed, 70_001), KEY)
  const border = fc.constantFrom(...SIZES).filter((size) => size <= plain.byteLength)
  const offset = fc.oneof(border, fc.nat(plain.byteLength))
  await fc.assert(
    fc.asyncProperty(offset, fc.oneof(border, fc.nat(3 * SLOT_BYTES)), async (at, length) => {
      expect(Buffer.compare(await collect(content.read({ offset: at, length })), plain.subarray(at, at + length))).toBe(0)
      const cut = Math.min(length, sealed.byteLength - at)
      expect(Buffer.compare(await source.read(at, cut), sealed.subarray(at, at + cut))).toBe(0)
    }),
    { numRuns: 60 },
  )
})

test('private content: a part is opened from its own slots, and no others', async () => {
  const sealed = await seal(new Uint8Array(10 * SLOT_BYTES))
  const asked: { offset: number; length: number }[] = []
  const whole = given(sealed)
  const read = (part?: { offset: number; length: number }) => {
    if (part) asked.push(part)
    return whole.read(part)
  }
  const content = await openSealed({ size: whole.size, read }, KEY)
  await collect(content.read({ offset: FIRST_SLOT_PLAIN_BYTES + SLOT_PLAIN_BYTES, length: 1 }))
  expect(asked).toEqual([
    { offset: 0, length: HEAD_BYTES },
    { offset: 2 * SLOT_BYTES, length: SLOT_BYTES },
  ])
})

test('private content: the same bytes twice are two cipher texts, and neither reveals the bytes, the name, the type or the key', async () => {
  const plain = new TextEncoder().encode('canary-bytes'.repeat(1_000))
  const facts = { name: 'canary-name.txt', type: 'text/canary-type' }
  const [one, other] = [Buffer.from(await seal(plain, KEY, facts)), Buffer.from(await seal(plain, KEY, facts))]
  expect(one.subarray(HEADER_BYTES).equals(other.subarray(HEADER_BYTES))).toBe(false)
  for (const word of ['canary', Buffer.from(KEY)]) expect(one.includes(word)).toBe(false)
})

test('private content: the cipher text is as long for a short name as for a long one, and for sizes that are padded to one', async () => {
  const sizes = await Promise.all(
    [
      ['', 0],
      ['x'.repeat(255), 17],
      ['a', MIN_PADDED_BYTES],
    ].map(async ([name, size]) => (await seal(new Uint8Array(size as number), KEY, { name })).byteLength),
  )
  expect(new Set(sizes).size).toBe(1)
  fc.assert(
    fc.property(fc.integer({ min: 1_048_576, max: 2 ** 36 }), (size) => {
      expect(paddedBytes(size)).toBeGreaterThanOrEqual(size)
      expect(paddedBytes(size)).toBeLessThanOrEqual(size * 1.032)
      expect(paddedBytes(paddedBytes(size))).toBe(paddedBytes(size))
    }),
  )
})

test('private content: another key is distinguished from damage', async () => {
  const sealed = await seal(new Uint8Array(10))
  expect(await refusal(sealed, createLinkKey())).toBe('ERR_WRONG_KEY')
  expect(await refusal(sealed)).toBe('opened')
})

test('private content: one bit that is changed is refused, wherever it is', async () => {
  const sealed = await seal(new Uint8Array(randomBytes(2 * SLOT_BYTES)))
  const [first, middle, last] = [HEAD_BYTES, SLOT_BYTES + 5, sealed.byteLength - 1]
  const places = { 0: 'ERR_BAD_FRAME', 15: 'ERR_BAD_FRAME', 16: 'ERR_WRONG_KEY', 79: 'ERR_WRONG_KEY' }
  for (const [at, code] of [
    ...Object.entries(places).map(([at, code]) => [Number(at), code] as const),
    ...[HEADER_BYTES, HEAD_BYTES - 1, first, middle, last].map((at) => [at, 'ERR_DAMAGED'] as const),
  ]) {
    const changed = Uint8Array.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    expect([at, await refusal(changed)]).toEqual([at, code])
  }
})

const slots = (sealed: Uint8Array) =>
  Array.from({ length: Math.ceil(sealed.byteLength / SLOT_BYTES) }, (_, i) => sealed.subarray(i * SLOT_BYTES, (i + 1) * SLOT_BYTES))
const joined = (parts: (Uint8Array | undefined)[]) => new Uint8Array(Buffer.concat(parts.map((part) => part ?? new Uint8Array())))

test.each<[string, (sealed: Uint8Array, other: Uint8Array) => Uint8Array]>([
  ['cut by a byte', (sealed) => sealed.subarray(0, -1)],
  ['cut by its last slot', (sealed) => joined(slots(sealed).slice(0, -1))],
  ['cut to its head', (sealed) => sealed.subarray(0, HEAD_BYTES)],
  ['cut within its head', (sealed) => sealed.subarray(0, HEADER_BYTES + 3)],
  ['longer by a byte', (sealed) => joined([sealed, new Uint8Array(1)])],
  ['longer by a slot of its own', (sealed) => joined([sealed, slots(sealed)[1]])],
  ['in another order', (sealed) => joined([0, 2, 1, 3, 4].map((i) => slots(sealed)[i]))],
  ['with one slot twice', (sealed) => joined([0, 1, 1, 3, 4].map((i) => slots(sealed)[i]))],
  [
    'with a slot of other content under the same key',
    (sealed, other) => joined([0, 1, 2, 3, 4].map((i) => slots(i === 2 ? other : sealed)[i])),
  ],
  [
    'with the facts of other content',
    (sealed, other) => joined([sealed.subarray(0, HEADER_BYTES), other.subarray(HEADER_BYTES, HEAD_BYTES), sealed.subarray(HEAD_BYTES)]),
  ],
])('private content: %s is damage', async (_, change) => {
  const bytes = new Uint8Array(randomBytes(4 * SLOT_PLAIN_BYTES + 5_000))
  const [sealed, other] = [await seal(bytes), await seal(bytes)]
  expect(slots(sealed)).toHaveLength(5)
  expect(await refusal(change(sealed, other))).toBe('ERR_DAMAGED')
})

test('private content: a record opens only under its own number, as what it is, the last or not, and behind its own header', async () => {
  const salt = new Uint8Array(32).fill(1)
  const [records, same, other] = await Promise.all([salt, salt, new Uint8Array(32)].map((given) => createRecords(KEY, given)))
  const record = (await records?.seal(1, false, new Uint8Array(5))) ?? new Uint8Array()
  expect(await same?.open(1, false, record)).toEqual(new Uint8Array(5))
  const openings = [() => same?.open(1, true, record), () => same?.open(2, false, record), () => other?.open(1, false, record)]
  for (const open of openings) await expect(open()).rejects.toMatchObject({ code: 'ERR_DAMAGED' })
})

test('private content: bytes behind the last record are damage', async () => {
  const sealed = await seal(new Uint8Array(FIRST_SLOT_PLAIN_BYTES + 2 * SLOT_PLAIN_BYTES))
  const end = (await openSealed(given(sealed), KEY)).unsealer()
  await end.push(sealed)
  await expect(end.push(new Uint8Array(1))).rejects.toMatchObject({ code: 'ERR_DAMAGED' })
})

test('private content: cipher text that ends too early while it comes is damage, and not a short end', async () => {
  const sealed = await seal(new Uint8Array(3 * SLOT_BYTES))
  const whole = given(sealed)
  const content = await openSealed(
    { size: whole.size, read: (part) => whole.read(part && { ...part, length: Math.min(part.length, SLOT_BYTES) }) },
    KEY,
  )
  await expect(collect(content.read())).rejects.toMatchObject({ code: 'ERR_DAMAGED' })
})

test('private content: other content is distinguished from private content', async () => {
  expect(await refusal(new TextEncoder().encode('a page'))).toBe('ERR_BAD_FRAME')
  expect(await refusal(new Uint8Array())).toBe('ERR_BAD_FRAME')
})

test('private content: sealing again what was opened gives the same cipher text, and other bytes another', async () => {
  const plain = new Uint8Array(randomBytes(SLOT_BYTES + 9))
  const sealed = await seal(plain, KEY, { name: 'a' })
  const content = await openSealed(given(sealed), KEY)
  const again = content.reseal(memorySource(plain))
  expect(Buffer.compare(await again.read(0, again.size), sealed)).toBe(0)
  const changed = content.reseal(memorySource(plain.with(SLOT_BYTES, (plain[SLOT_BYTES] ?? 0) ^ 1)))
  expect(Buffer.compare(await changed.read(0, changed.size), sealed)).not.toBe(0)
})

test('private content: a name that no file can have, or with folders, is left out', async () => {
  for (const name of ['a/b', '..', 'a\nb', 'x'.repeat(256)]) {
    expect(await openSealed(given(await seal(new Uint8Array(1), KEY, { name, type: 'no type' })), KEY)).toMatchObject({
      name: '',
      type: '',
    })
  }
})

test('private content: content that is too large is refused before it is read', async () => {
  const source = { size: 2 ** 36, read: () => Promise.reject(new Error('read')) }
  await expect(sealSource(source, KEY)).rejects.toMatchObject({ code: 'ERR_TOO_LARGE' })
})

test('private content: without WebCrypto it fails, and says so', async () => {
  const crypto = Object.getOwnPropertyDescriptor(globalThis, 'crypto')
  const sealed = await seal(new Uint8Array(1))
  Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true })
  try {
    expect(await refusal(sealed)).toBe('ERR_NO_CRYPTO')
  } finally {
    if (crypto) Object.defineProperty(globalThis, 'crypto', crypto)
  }
})

test('private content: is as PRIVATE.md says', async () => {
  const { text, examples } = await readWirePage('node/content/PRIVATE.md')
  const key = decodeLinkKey(/under the key `(.{43})`/.exec(text)?.[1] ?? '')
  const header = examples.get('header') ?? new Uint8Array()
  const salt = header.subarray(16, 48)
  const sealed = await seal(new TextEncoder().encode('hello\n'), key, { name: 'hello.txt', type: 'text/plain', salt })
  expect(sealed.subarray(0, HEADER_BYTES)).toEqual(header)
  expect(encodeHeader({ salt, keyCheck: header.subarray(48) })).toEqual(header)
  expect(sealed.subarray(HEADER_BYTES, HEAD_BYTES)).toEqual(examples.get('record 0'))
  expect(new Uint8Array(createHash('sha256').update(sealed).digest())).toEqual(examples.get('SHA-256 of all 4,624 bytes'))
  const facts = encodeFacts({ name: 'hello.txt', type: 'text/plain', size: 6 })
  const example = examples.get('facts') ?? new Uint8Array()
  expect(facts.subarray(0, example.byteLength)).toEqual(example)
  expect(facts.subarray(example.byteLength).every((byte) => byte === 0)).toBe(true)
  expect(decodeFacts(facts)).toEqual({ name: 'hello.txt', type: 'text/plain', size: 6 })
  expect(nonceOf(0, false)).toEqual(examples.get('nonce of the facts'))
  expect(nonceOf(1, true)).toEqual(examples.get('nonce of a last record 1'))
})

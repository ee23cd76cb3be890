import { expect, test } from 'vitest'
import { createHeldContents } from '../../node/content/held-contents.ts'
import { createPortableHasher } from '../../node/keys/index.ts'
import { NODE_LIMITS } from '../../node/limits.ts'

test.each([
  ['a Uint8Array', Uint8Array.of(1, 2, 3)],
  ['a Buffer, whose slice is no copy', Buffer.from([1, 2, 3])],
])('held contents: bytes that the caller changes afterwards are held as they were: %s', async (_, bytes) => {
  const held = createHeldContents({
    self: 'self',
    limits: NODE_LIMITS,
    createHasher: createPortableHasher,
    announce: () => ({ key: new Uint8Array(32), announced: Promise.resolve(), release: async () => {} }),
    emit: () => {},
  })
  const { source } = await held.describe(bytes, {})
  bytes.fill(9)
  expect(Array.from(await source.read(0, 3))).toEqual([1, 2, 3])
})

import { expect, test } from 'vitest'
import { inNextTurn } from '../../../node/async/turn.ts'
import { createLentBytes } from '../../../node/content/memory/lent-bytes.ts'

const nextTurn = () => new Promise<void>((resolve) => inNextTurn(resolve))

test('lent bytes: are freed a turn after the last of their users is done, and not before', async () => {
  const { lend, free } = createLentBytes()
  const bytes = new Uint8Array(8).fill(1)
  expect(lend(bytes)).toBe(bytes)
  lend(bytes)
  free(bytes)
  await nextTurn()
  expect(bytes.byteLength).toBe(8)
  free(bytes)
  lend(bytes) // another one hears of them in the same turn
  await nextTurn()
  expect(bytes.byteLength).toBe(8)
  free(bytes)
  await nextTurn()
  expect(bytes.byteLength).toBe(0)
})

test('lent bytes: what was not lent, is used by one who never says that it is done, or is a part of more, stays', async () => {
  const { lend, free } = createLentBytes()
  const [own, kept, whole] = [new Uint8Array(8), new Uint8Array(8), new Uint8Array(16)]
  free(own)
  lend(kept)
  lend(kept)
  free(kept)
  const part = lend(whole.subarray(0, 8))
  free(part)
  await nextTurn()
  expect([own, kept, part, whole].map(({ byteLength }) => byteLength)).toEqual([8, 8, 8, 16])
})

import nodeCrypto from 'node:crypto'
import { expect, onTestFinished, test, vi } from 'vitest'
import { stretch } from '../../../node/people/format/stretch.ts'

const COST = { log2N: 4, r: 1, p: 1 }

/** Bun 1.4.5 does the first, Node.js 24 the second. */
test.each([undefined, null])('scrypt whose callback gets %s for no error gives the key', async (noError) => {
  const spy = vi
    .spyOn(nodeCrypto, 'scrypt')
    .mockImplementation(((...args: unknown[]) =>
      (args.at(-1) as (error: unknown, key: Buffer) => void)(noError, Buffer.alloc(32, 7))) as never)
  onTestFinished(() => spy.mockRestore())
  expect(await stretch(new Uint8Array(1), new Uint8Array(1), COST)).toEqual(new Uint8Array(32).fill(7))
})

test('scrypt that fails is told with its error', async () => {
  await expect(stretch(new Uint8Array(1), new Uint8Array(1), { ...COST, log2N: 0 })).rejects.toThrow()
})

import { expect, test } from 'vitest'
import { createKeyLookups } from '../../../node/messages/routing/key-lookups.ts'

const end = (byte: number) => new Uint8Array(32).fill(byte)

test('key lookups: what many ask for is looked for once, and again when it is asked for later', async () => {
  const asked: number[] = []
  const answer = Promise.withResolvers<Uint8Array>()
  const lookups = createKeyLookups((key) => {
    asked.push(key[0] as number)
    return answer.promise
  })
  const found = [end(1), end(2), end(1), end(1)].map((key) => lookups.find(key))
  expect(asked).toEqual([1, 2])
  answer.resolve(end(9))
  expect(await Promise.all(found)).toEqual([end(9), end(9), end(9), end(9)])
  await lookups.find(end(1))
  expect(asked).toEqual([1, 2, 1])
})

test('key lookups: who gives up does not end it for the others', async () => {
  const answer = Promise.withResolvers<undefined>()
  const lookups = createKeyLookups(() => answer.promise)
  const abort = new AbortController()
  const given = lookups.find(end(1), { signal: abort.signal })
  const other = lookups.find(end(1))
  abort.abort(new Error('enough'))
  await expect(given).rejects.toThrow('enough')
  answer.resolve(undefined)
  expect(await other).toBeUndefined()
})

test('key lookups: one that failed is tried again', async () => {
  let tries = 0
  const lookups = createKeyLookups(async () => {
    if (++tries === 1) throw new Error('no')
    return undefined
  })
  await expect(lookups.find(end(1))).rejects.toThrow('no')
  expect(await lookups.find(end(1))).toBeUndefined()
})

import { expect, test } from 'vitest'
import { raceAbort } from '../../node/network/index.ts'

test('race: a promise that fails after the signal was aborted troubles nobody', async () => {
  const unhandled: unknown[] = []
  const listen = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', listen)
  const { promise, reject } = Promise.withResolvers<void>()
  await expect(raceAbort(promise, AbortSignal.abort(new Error('aborted')))).rejects.toThrow('aborted')
  reject(new Error('later'))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', listen)
  expect(unhandled).toEqual([])
})

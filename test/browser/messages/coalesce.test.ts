import { expect, it } from 'vitest'
import { coalesce } from '../../../browser/messages/coalesce.ts'

it('runs the work once more for all calls that come while it runs, also when it fails', async () => {
  const ends: (() => void)[] = []
  const run = coalesce(() => new Promise((_, reject) => ends.push(() => reject(new Error('failed')))))
  for (let i = 0; i < 3; i++) run()
  expect(ends).toHaveLength(1)
  ends[0]?.()
  await expect.poll(() => ends.length).toBe(2)
  ends[1]?.()
  await new Promise((resolve) => setImmediate(resolve))
  expect(ends).toHaveLength(2)
  run()
  expect(ends).toHaveLength(3)
})

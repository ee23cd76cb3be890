/** The spoken code of a tab's share, where the share makes room for another one meanwhile. */

import { expect, test } from 'vitest'
import { OwnCode } from '../../../browser/sharing/own-code.ts'
import type { Share, ShareSpokenCode } from '../../../node/index.ts'

function shareWith(code: string) {
  const made = Promise.withResolvers<ShareSpokenCode>()
  const settled = Promise.withResolvers<'cancelled'>()
  let asked = 0
  const share = {
    code() {
      asked++
      return made.promise
    },
  } as unknown as Share
  const spoken = { code, expiresAtMs: 1, settled: settled.promise, cancel: async () => settled.resolve('cancelled') }
  return { share, settled: settled.promise, asked: () => asked, give: () => made.resolve(spoken as unknown as ShareSpokenCode) }
}

test('own code: one that comes after its share has ended is taken back, and never shown as that of the next', async () => {
  const [first, second] = [shareWith('first'), shareWith('second')]
  const code = new OwnCode()
  const making = code.make(first.share)
  code.clear()
  const makingNext = code.make(second.share)
  first.give()
  await making
  expect(code.shown.get()).toEqual({ state: 'making' })
  expect(await first.settled).toBe('cancelled')
  second.give()
  await makingNext
  expect(code.shown.get()).toMatchObject({ state: 'good', code: 'second' })
})

test('own code: its button that is pressed twice makes one', async () => {
  const { share, asked, give } = shareWith('once')
  const code = new OwnCode()
  const both = [code.make(share), code.make(share)]
  give()
  await Promise.all(both)
  expect(asked()).toBe(1)
})

/** The page of a drop box while something is being prepared, and its person presses buttons. The test plays the peer, and has no box. */

import { expect, test } from 'vitest'
import { DropVisit } from '../../../browser/sharing/drop-visit.ts'
import { LatestAttempt } from '../../../browser/sharing/latest-attempt.ts'
import { fakeWindow } from '../../helpers/awake-window.ts'

const file = { path: 'a.bin', file: new File(['1234'], 'a.bin') }

function visitWith() {
  const shares: { isEnded: boolean }[] = []
  const joined = Promise.withResolvers<void>()
  const sharing = {
    async share() {
      const share = { isEnded: false }
      shares.push(share)
      return {
        ...{ entries: [], receivers: [], onChange: () => () => {}, snapshot: () => new Uint8Array() },
        async end() {
          share.isEnded = true
        },
      }
    },
  }
  const visit = new DropVisit({
    link: '/d/a#b',
    sharing: async () => {
      await joined.promise
      return sharing
    },
    library: async () => ({ blobSource: () => ({ size: 4 }) }),
    window: fakeWindow().window,
  } as never)
  return { visit, shares, join: () => joined.resolve() }
}

test('drop visit: Stop sending while the files are being prepared sends nothing; what is sent next is another attempt', async () => {
  const { visit, shares, join } = visitWith()
  const sending = visit.send([file], { from: '', words: '' })
  expect(visit.sending.get().state).toBe('preparing')
  const stopping = visit.stop()
  expect(visit.sending.get().state).toBe('idle')
  const sendingAgain = visit.send([file], { from: '', words: '' })
  join()
  await Promise.all([sending, stopping, sendingAgain])
  expect(shares).toEqual([{ isEnded: true }, { isEnded: false }])
  expect(visit.sending.get().state).toBe('preparing') // it waits for the box
  visit.close()
})

test('latest attempt: one that fails after it was stopped is not told', async () => {
  const [attempts, told] = [new LatestAttempt(), [] as unknown[]]
  const gate = Promise.withResolvers<void>()
  attempts.next()
  const stopped = attempts.run(
    () => gate.promise,
    (error) => told.push(error),
  )
  attempts.next()
  gate.reject(new Error('too late'))
  await stopped
  await attempts.run(
    async (isWanted) => {
      if (isWanted()) throw new Error('now')
    },
    (error) => told.push((error as Error).message),
  )
  expect(told).toEqual(['now'])
})

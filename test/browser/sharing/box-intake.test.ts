/** Submissions to a box of this browser, whose senders leave, whose disk is full, and whose buttons are pressed twice. */

import { expect, test } from 'vitest'
import { createBoxIntake } from '../../../browser/sharing/box-intake.ts'
import { MayflyError, type ReceiveSubmissionOptions, type Submission } from '../../../node/index.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const MIB = 1_048_576

function intakeWith({ asks = false } = {}) {
  const room: { bytes: number | undefined; asked?: () => void } = { bytes: 100 * MIB }
  const tries: PromiseWithResolvers<void>[] = []
  const withdrawn = new AbortController()
  let received = 0
  const submission = {
    ...{ id: 'a', atMs: 0, from: 'Anna', words: '', files: [{ path: 'a.bin', size: 5 * MIB, mediaType: '' }], isResumed: false },
    ...{ share: '/s/a#b', pushed: undefined, receiver: new Uint8Array(16), withdrawn: withdrawn.signal, tell() {} },
    async receive(_: unknown, { onState }: ReceiveSubmissionOptions = {}) {
      const work = Promise.withResolvers<void>()
      tries.push(work)
      try {
        await work.promise
      } catch (error) {
        onState?.({ state: 'failed', bytes: 0, totalBytes: 5 * MIB, text: 'it is full' })
        throw error
      }
    },
    giveUp: () => withdrawn.abort(),
  } as unknown as Submission
  const intake = createBoxIntake({
    ...{ saver: {} as never, label: 'test', asks: () => asks, onChange() {} },
    async onReceived() {
      received++
    },
    async roomLeft() {
      room.asked?.()
      return room.bytes
    },
    hasRoom: async () => true,
  })
  return { intake, submission, room, tries, withdrawn, received: () => received, shown: () => intake.list()[0] }
}

const isFull = () => new MayflyError('ERR_NOT_STORED', 'it is full')

test('box intake: a sender that leaves while the disk is asked is not waited for, and nobody is asked about it', async () => {
  const { intake, submission, room, withdrawn } = intakeWith({ asks: true })
  room.asked = () => withdrawn.abort()
  await expect(intake.receive(submission)).rejects.toBeDefined()
  expect(intake.list()).toEqual([])
})

test('box intake: Try again that is pressed twice tries once', async () => {
  const { intake, submission, tries, shown, received } = intakeWith()
  await intake.receive(submission)
  tries[0]?.reject(isFull())
  await waitFor(() => shown()?.state === 'failed', 5_000, 'it has failed')
  await intake.settled()
  for (let press = 0; press < 2; press++) intake.again('a')
  expect(tries).toHaveLength(2)
  tries[1]?.resolve()
  await waitFor(() => received() === 1, 5_000, 'it is here')
  expect(intake.list()).toEqual([])
  intake.end()
})

test('box intake: what did not fit says that it goes on by itself, and does so at once when something was removed', async () => {
  const { intake, submission, tries, shown, received } = intakeWith()
  await intake.receive(submission)
  tries[0]?.reject(isFull())
  await waitFor(() => shown()?.goesOn === true, 5_000, 'it says that it goes on')
  await intake.settled()
  intake.removed()
  expect(tries).toHaveLength(2)
  expect(shown()?.goesOn).toBe(false)
  tries[1]?.resolve()
  await waitFor(() => received() === 1, 5_000, 'it is here')
  intake.end()
})

test('box intake: one that is given up is settled when nothing of it is written any more', async () => {
  const { intake, submission, tries } = intakeWith()
  await intake.receive(submission)
  intake.giveUp('a')
  let isSettled = false
  const settled = intake.settled().then(() => {
    isSettled = true
  })
  await Promise.resolve()
  expect([intake.list(), isSettled]).toEqual([[], false])
  tries[0]?.reject(new Error('given up'))
  await settled
})

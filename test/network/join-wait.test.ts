import { expect, test } from 'vitest'
import { createJoinWait } from '../../node/network/join-wait.ts'

const STOPPED = expect.objectContaining({ code: 'ERR_NOT_STARTED' })

test('join wait: resolves at once in the overlay, else with the change that brings the peer into it', async () => {
  let isJoined = false
  const join = createJoinWait(() => isJoined)
  let hasJoined = false
  const waiting = join.wait().then(() => {
    hasJoined = true
  })
  join.check()
  await Promise.resolve()
  expect(hasJoined).toBe(false)
  isJoined = true
  join.check()
  await waiting
  await join.wait()
})

test('join wait: ends with the signal, and with the peer', async () => {
  const join = createJoinWait(() => false)
  const controller = new AbortController()
  const reason = new Error('enough')
  const aborted = join.wait({ signal: controller.signal })
  const staying = join.wait()
  controller.abort(reason)
  await expect(aborted).rejects.toBe(reason)
  join.stop()
  await expect(staying).rejects.toEqual(STOPPED)
  await expect(join.wait()).rejects.toEqual(STOPPED)
})

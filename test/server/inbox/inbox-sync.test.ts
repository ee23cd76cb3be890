/** Inboxes whose large groups are synced in another thread: nothing is said to be stored before that, nor when it fails. */

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createInbox } from '../../helpers/inbox.ts'
import { sampleMessage } from '../../helpers/sample-messages.ts'

const ALL = { limit: 1_000, first: 'oldest' } as const

/** Syncs in other threads, which end when they are told to. */
function holdSyncs() {
  const held: ((error: Error | null) => void)[] = []
  const asked = vi.spyOn(fs, 'fdatasync').mockImplementation((_, done) => void held.push(done))
  const atOnce = vi.spyOn(fs, 'fdatasyncSync')
  syncBuiltinESMExports()
  onTestFinished(() => {
    vi.restoreAllMocks()
    syncBuiltinESMExports()
  })
  return {
    held,
    atOnce,
    /** Resolves once one is asked for. */
    async next() {
      const before = asked.mock.calls.length
      while (asked.mock.calls.length === before) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

test('many messages are stored, and heard of, once the disk has them; nobody reads them before', async () => {
  const { held, next, atOnce } = holdSyncs()
  const { inbox } = await createInbox()
  const heard: number[] = []
  inbox.onMessage(({ sequence }) => heard.push(sequence))
  let isKept = false
  const kept = inbox.keep(
    '#a',
    Array.from({ length: 8 }, () => sampleMessage()),
  )
  void kept.then(() => (isKept = true))
  await next()
  await new Promise((resolve) => setImmediate(resolve))
  expect({ isKept, heard: heard.length }).toEqual({ isKept: false, heard: 0 })
  expect(atOnce).not.toHaveBeenCalled()
  expect(inbox.messages(ALL)).toHaveLength(8)
  expect(atOnce).toHaveBeenCalledTimes(1) // the reader waited for the disk
  held[0]?.(null)
  expect(await kept).toEqual(Array(8).fill('stored'))
  expect(heard).toHaveLength(8)
})

test('messages whose sync fails are not stored, and those that come again are, once the disk takes them', async () => {
  const { held, next } = holdSyncs()
  const events: string[] = []
  const { inbox } = await createInbox({ onEvent: ({ type }) => events.push(type) })
  const messages = Array.from({ length: 8 }, () => sampleMessage())
  const first = inbox.keep('#a', messages)
  await next()
  held[0]?.(new Error('EIO: i/o error, fdatasync'))
  expect(await first).toEqual(Array(8).fill('not-stored'))
  expect(events).toEqual(['failing'])
  const again = inbox.keep('#a', messages)
  await next()
  held[1]?.(null)
  expect(await again).toEqual(Array(8).fill('stored'))
  expect(events).toEqual(['failing', 'recovered'])
  expect(inbox.messages(ALL)).toHaveLength(8)
})

/** Inboxes whose large groups are synced in another thread: nothing is said to be stored before that, nor when it fails. */

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { DatabaseSync } from 'node:sqlite'
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
  const heard: string[] = []
  inbox.onMessage(({ id }) => heard.push(id))
  const messages = Array.from({ length: 8 }, () => sampleMessage())
  const first = inbox.keep('#a', messages)
  await next()
  held[0]?.(new Error('EIO: i/o error, fdatasync'))
  expect(await first).toEqual(Array(8).fill('not-stored'))
  expect(events).toEqual(['failing'])
  const ids = messages.map(({ id }) => Buffer.from(id).toString('hex'))
  const isAbsent = () => {
    expect([heard, inbox.messages(ALL), inbox.message(ids[0] as string)]).toEqual([[], [], undefined])
    expect([inbox.counts().messages, inbox.counts().bytes, inbox.ends().find(({ end }) => end === '#a')]).toEqual([0, 0, undefined])
  }
  isAbsent()
  await inbox.tidy() // a commit that has nothing to do with them
  isAbsent()
  const again = inbox.keep('#a', messages)
  await next()
  held[1]?.(null)
  expect(await again).toEqual(Array(8).fill('stored'))
  expect(events).toEqual(['failing', 'recovered'])
  expect(inbox.messages(ALL).map(({ id }) => id)).toEqual(ids)
  expect([heard, inbox.counts().messages]).toEqual([ids, 8])
})

/** An inbox with one message and eight whose sync has failed. */
async function createRefused(options: Parameters<typeof createInbox>[0] = {}) {
  const syncs = holdSyncs()
  const opened = await createInbox(options)
  expect(await opened.inbox.keep('#a', [sampleMessage({ body: 'first' })])).toEqual(['stored'])
  const messages = Array.from({ length: 8 }, () => sampleMessage({ body: 'refused' }))
  const kept = opened.inbox.keep('#b', messages)
  await syncs.next()
  return { ...opened, ...syncs, kept, messages }
}

test('messages whose sync fails come again in the next group, and are heard of; a start after it has nothing of those that do not', async () => {
  const { inbox, held, next, kept, messages, reopen } = await createRefused()
  const heard: number[] = []
  inbox.onMessage(({ sequence }) => heard.push(sequence))
  held[0]?.(new Error('EIO'))
  expect(await kept).toEqual(Array(8).fill('not-stored'))
  const again = inbox.keep('#b', messages.slice(0, 4))
  await next()
  held[1]?.(null)
  expect(await again).toEqual(Array(4).fill('stored'))
  expect(heard).toHaveLength(4)
  expect(inbox.messages({ ...ALL, search: 'refused' }).map(({ sequence }) => sequence)).toEqual(heard)
  const after = reopen().inbox
  expect([after.messages(ALL).length, after.counts().messages]).toEqual([5, 5])
})

test('messages whose sync fails are gone when the inbox is closed before another comes', async () => {
  const { held, kept, reopen } = await createRefused()
  held[0]?.(new Error('EIO'))
  await kept
  expect(reopen().inbox.messages(ALL)).toHaveLength(1)
})

test('a reader for whom the disk cannot sync does not see what is being synced, and its senders hear that it is not stored', async () => {
  const { inbox, held, kept, atOnce, events } = await createRefused()
  atOnce.mockImplementationOnce(() => {
    throw new Error('EIO')
  })
  expect(inbox.messages(ALL)).toHaveLength(1)
  held[0]?.(null)
  expect(await kept).toEqual(Array(8).fill('not-stored'))
  expect([inbox.messages(ALL).length, inbox.counts().messages, events.length]).toEqual([1, 1, 1])
})

test('messages that the owner has removed for their age while they are synced are counted off once', async () => {
  let now = Date.now()
  const { inbox, held, kept } = await createRefused({ keepDays: 1, isClockTrusted: true, now: () => now })
  now += 2 * 86_400_000
  await inbox.tidy()
  held[0]?.(new Error('EIO'))
  await kept
  expect(inbox.counts()).toMatchObject({ messages: 0, bytes: 0 })
})

test('messages that make others go are synced at once, since those could not come back', async () => {
  const { inbox, held, kept } = await createRefused({ keepCount: 9 })
  held[0]?.(null)
  await kept
  expect(
    await inbox.keep(
      '#c',
      Array.from({ length: 8 }, () => sampleMessage()),
    ),
  ).toEqual(Array(8).fill('stored'))
  expect([inbox.messages(ALL).length, held.length]).toEqual([9, 1])
})

test('a sender is muted durably after a large group, and not while what was written before cannot be brought to the disk', async () => {
  const { inbox, held, kept, path } = await createRefused()
  const [{ from } = { from: '' }] = inbox.messages(ALL)
  const reader = new DatabaseSync(path)
  reader.exec('BEGIN; SELECT * FROM senders')
  const run = vi.spyOn(DatabaseSync.prototype, 'exec')
  inbox.setSender(from, { isMuted: true })
  expect(run.mock.calls.map(([sql]) => sql)).toEqual(['PRAGMA synchronous = FULL', 'BEGIN IMMEDIATE', 'COMMIT'])
  held[0]?.(new Error('EIO'))
  await kept
  expect(() => inbox.setSender(from, { name: 'pi' })).toThrow(expect.objectContaining({ code: 'ERR_NOT_STORED' }))
  expect(inbox.senders()).toEqual([{ hashname: from, name: '', isMuted: true }])
  expect(inbox.messages(ALL)).toHaveLength(1) // the others cannot be removed now, and are not shown
  reader.close()
  inbox.setSender(from, { name: 'pi' })
  expect(inbox.messages(ALL)).toMatchObject([{ name: 'pi' }])
})

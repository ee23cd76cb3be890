import { expect, test } from 'vitest'
import { NODE_LIMITS } from '../../../node/limits.ts'
import { createAdmission } from '../../../node/messages/admission/admission.ts'
import { signDecline } from '../../../node/messages/format/decline.ts'
import { createMessageSecret } from '../../../node/messages/index.ts'
import { NO_PROGRESS } from '../../../node/messages/protocol/wire.ts'
import type { Reply } from '../../../node/messages/routing/delivery.ts'
import { createGuestPosts } from '../../../node/messages/routing/guest-posts.ts'
import { createSeenMessages } from '../../../node/messages/routing/seen-messages.ts'
import { createClock } from '../../../node/network/index.ts'
import { signOpen } from '../../helpers/signed-messages.ts'

const { signal } = new AbortController()
const open = signOpen('#wall', { body: 'x' })

function start(monotonic = () => 0) {
  const seenMessages = createSeenMessages()
  const replies: Reply[] = []
  const guests = createGuestPosts({
    router: { route: (_, __, reply) => void replies.push(reply), publicKeys: {} as never },
    seenMessages,
    admission: createAdmission(NODE_LIMITS, monotonic),
    clock: createClock(),
    counts: { passed: 0, refused: 0 },
  })
  return { guests, seenMessages, replies, seen: () => seenMessages.get(open.id) }
}

test('guest posts: a receiver that declines again and again is told once', async () => {
  const { guests, seenMessages, replies } = start()
  const posted = guests.post(open.bytes, { client: 'a', signal })
  const { bytes } = signDecline(createMessageSecret(), open.id, 'muted', 5)
  for (let i = 0; i < 1_000; i++) seenMessages.takeDecline(bytes)
  replies[0]?.({ ...NO_PROGRESS, taps: 1, keepers: 1 })
  expect((await posted).declines).toEqual([bytes])
})

test('guest posts: of many receivers that decline, some are told', async () => {
  const { guests, seenMessages, replies } = start()
  const posted = guests.post(open.bytes, { client: 'a', signal })
  for (let i = 0; i < 70; i++) seenMessages.takeDecline(signDecline(createMessageSecret(), open.id, 'muted', 5).bytes)
  replies[0]?.({ ...NO_PROGRESS, taps: 70, keepers: 64 })
  expect((await posted).declines).toHaveLength(64)
})

test('guest posts: nothing is kept for a sender whose answer was given, or who has left', async () => {
  const { guests, replies, seen } = start()
  const posted = guests.post(open.bytes, { client: 'a', signal })
  expect(seen()?.listeners.size).toBe(1)
  replies[0]?.(NO_PROGRESS)
  await posted
  expect(seen()?.listeners.size).toBe(0)
  const leaving = new AbortController()
  const left = guests.post(open.bytes, { client: 'a', signal: leaving.signal })
  leaving.abort(new Error('gone'))
  await expect(left).rejects.toThrow('gone')
  expect(seen()?.listeners.size).toBe(0)
})

test('guest posts: a client pays for a message each time, by its size, however often it was seen; another client does not', async () => {
  const { guests, replies } = start()
  const large = signOpen('#wall', { body: new Uint8Array(60_000) })
  const refused = async (client: string) => {
    const count = replies.length
    const posted = guests.post(large.bytes, { client, signal })
    replies[count]?.(NO_PROGRESS)
    return (await posted).refusal
  }
  const price = 1 + Math.floor(large.bytes.byteLength / 4_096)
  const most = Math.floor(NODE_LIMITS.messageBurst / price)
  for (let i = 0; i < most; i++) expect(await refused('a')).toBeUndefined()
  expect(await refused('a')).toMatchObject({ reason: 'sender-rate', retryAfterMs: expect.any(Number) })
  expect(await refused('b')).toBeUndefined()
})

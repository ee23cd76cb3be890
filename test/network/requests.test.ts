import { expect, test, vi } from 'vitest'
import { createRequests } from '../../node/network/requests.ts'

const sent = () => true

test('requests: each has a number of its own, and gets the reply with that number', async () => {
  const requests = createRequests<string>({ ended: 'ended' })
  const ids: number[] = []
  const send = (id: number) => ids.push(id) > 0
  const replies = [requests.request(send), requests.request(send), requests.request(send)]
  expect(new Set(ids).size).toBe(3)
  for (const id of ids.toReversed()) expect(requests.reply(id, `reply ${id}`)).toBe(true)
  expect(await Promise.all(replies)).toEqual(ids.map((id) => `reply ${id}`))
  expect(requests.size).toBe(0)
})

test('requests: a reply to nothing, or to a request that has its reply, is nobody’s', async () => {
  const requests = createRequests<string>({ ended: 'ended' })
  expect(requests.reply(7, 'what')).toBe(false)
  const ids: number[] = []
  const reply = requests.request((id) => ids.push(id) > 0)
  const [id] = ids as [number]
  requests.reply(id, 'first')
  await reply
  expect(requests.reply(id, 'second')).toBe(false)
  expect(await reply).toBe('first')
})

test('requests: one that was begun gets every reply until it is forgotten', () => {
  const requests = createRequests<string>({ ended: 'ended' })
  const onReply = vi.fn()
  const id = requests.begin(sent, onReply)
  requests.reply(id, 'one')
  requests.reply(id, 'two')
  expect(requests.forget(id)).toBe(true)
  expect(requests.forget(id)).toBe(false)
  requests.reply(id, 'three')
  requests.end()
  expect(onReply.mock.calls).toEqual([['one'], ['two']])
})

test('requests: the end of the stream is the reply of all that are open, once', async () => {
  const requests = createRequests<string>({ ended: 'ended' })
  const onReply = vi.fn()
  requests.begin(sent, onReply)
  const reply = requests.request(sent)
  requests.end()
  requests.end('again')
  expect(await reply).toBe('ended')
  expect(onReply.mock.calls).toEqual([['ended']])
})

test('requests: the end can say more than its usual word', async () => {
  const requests = createRequests<string>({ ended: 'ended' })
  const reply = requests.request(sent)
  requests.end('ended: too much was sent')
  expect(await reply).toBe('ended: too much was sent')
})

test('requests: one that cannot be sent ends after `begin` has returned; not when it is forgotten by then', async () => {
  const requests = createRequests<string>({ ended: 'ended' })
  const onReply = vi.fn()
  requests.begin(() => false, onReply)
  expect(onReply).not.toHaveBeenCalled()
  const forgotten = vi.fn()
  requests.forget(requests.begin(() => false, forgotten))
  expect(await requests.request(() => false)).toBe('ended')
  expect(onReply.mock.calls).toEqual([['ended']])
  expect(forgotten).not.toHaveBeenCalled()
  expect(requests.size).toBe(0)
})

test('requests: the signal ends one, and nothing of it is left', async () => {
  const requests = createRequests<string>({ ended: 'ended' })
  const controller = new AbortController()
  const reason = new Error('enough')
  const aborted = requests.request(sent, { signal: controller.signal })
  const other = requests.request(sent)
  controller.abort(reason)
  await expect(aborted).rejects.toBe(reason)
  expect(requests.size).toBe(1)
  const send = vi.fn(sent)
  await expect(requests.request(send, { signal: controller.signal })).rejects.toBe(reason)
  expect(send).not.toHaveBeenCalled()
  requests.end()
  await other
})

test('requests: timeoutMs is how long one may stay without a reply; the oldest are given up with the next one, or when asked', () => {
  let nowMs = 0
  const requests = createRequests<string>({ ended: 'ended', timedOut: 'too late', timeoutMs: 100, now: () => nowMs })
  const [first, second, third] = [vi.fn(), vi.fn(), vi.fn()]
  requests.begin(sent, first)
  nowMs = 60
  requests.begin(sent, second)
  nowMs = 100
  requests.begin(sent, third)
  expect(first.mock.calls).toEqual([['too late']])
  expect(second).not.toHaveBeenCalled()
  nowMs = 160
  requests.expire()
  expect(second.mock.calls).toEqual([['too late']])
  expect(third).not.toHaveBeenCalled()
  expect(requests.size).toBe(1)
})

test('requests: without a time one stays for as long as its stream', () => {
  const requests = createRequests<string>({ ended: 'ended' })
  requests.begin(sent, () => {})
  requests.expire()
  expect(requests.size).toBe(1)
})

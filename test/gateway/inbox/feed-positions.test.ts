/** The position that each event of a feed carries: a reader that was cut at any moment goes on there, over each transport, with nothing lost. */

import { createParser } from 'eventsource-parser'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { ask } from '../../helpers/gateway.ts'
import { type InboxFront, startInbox } from '../../helpers/inbox-front.ts'
import { MY_HASHNAME } from '../../helpers/memory-inbox.ts'
import { waitFor } from '../../helpers/wait-for.ts'

interface Reader {
  /** The names of the events, messages by their sequence. */
  readonly seen: (string | number)[]
  /** The position after the last event; undefined before the first. */
  readonly position: number | undefined
  cut(): void
}

interface Line {
  event: string
  sequence?: number
  position?: number
}

type OpenReader = (front: InboxFront, since: string, position?: number) => Promise<Reader>

function createReader(cut: () => void) {
  const reader = { seen: [] as (string | number)[], position: undefined as number | undefined, cut }
  onTestFinished(cut)
  const take = ({ event, sequence, position }: Line) => {
    reader.seen.push(sequence ?? event)
    reader.position = sequence ?? position
  }
  return { reader, take }
}

const query = (since: string, position?: number) => `since=${position ?? since}`

/** As an `EventSource` does, which sends the query of its address again, and what it saw last in a header. */
const openEvents: OpenReader = async ({ url }, since, position) => {
  const leaving = new AbortController()
  const { reader, take } = createReader(() => leaving.abort())
  const headers = position === undefined ? {} : { 'last-event-id': String(position) }
  const response = await fetch(`${url}/to/wall/sse?${query(since)}`, { headers, signal: leaving.signal })
  const parser = createParser({
    onEvent: ({ id, data, event = 'message' }) => {
      const { sequence } = JSON.parse(data) as Line
      take({ event, ...(sequence !== undefined && { sequence }), position: Number(id ?? Number.NaN) })
      expect(reader.position).toBe(Number(id))
    },
  })
  const read = async () => {
    for await (const chunk of response.body ?? []) parser.feed(Buffer.from(chunk).toString())
  }
  read().catch(() => {})
  return reader
}

const openLines: OpenReader = async ({ url }, since, position) => {
  const leaving = new AbortController()
  const { reader, take } = createReader(() => leaving.abort())
  const response = await fetch(`${url}/to/wall/json?${query(since, position)}`, { signal: leaving.signal })
  const read = async () => {
    let text = ''
    for await (const chunk of response.body ?? []) {
      const parts = (text + Buffer.from(chunk)).split('\n')
      text = parts.pop() ?? ''
      for (const line of parts) take(JSON.parse(line))
    }
  }
  read().catch(() => {})
  return reader
}

const openSocket: OpenReader = async ({ url }, since, position) => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/to/wall/ws?${query(since, position)}`)
  const { reader, take } = createReader(() => socket.terminate())
  socket.on('error', () => {})
  socket.on('message', (data) => take(JSON.parse(String(data))))
  return reader
}

const TRANSPORTS: [string, OpenReader, string][] = [
  ['/sse', openEvents, 'opened'],
  ['/json', openLines, 'open'],
  ['/ws', openSocket, 'open'],
]

test.each(TRANSPORTS)('%s: a reader that is cut before its first message gets what came while it was away', async (_, open, opened) => {
  const front = await startInbox()
  const { inbox } = front
  inbox.deliver({})
  for (const since of ['now', '10m', `${Date.now()}`]) {
    const before = inbox.deliver({}).sequence
    const first = await open(front, since)
    await waitFor(() => first.seen.includes('end-of-stored'), 5_000, 'the mark')
    expect(first.seen).toEqual([opened, 'end-of-stored'])
    first.cut()
    await waitFor(() => inbox.listeners === 0, 5_000, 'the cut')
    inbox.deliver({ end: MY_HASHNAME })
    const missed = inbox.deliver({}).sequence
    const second = await open(front, since, first.position)
    await waitFor(() => second.seen.includes('end-of-stored'), 5_000, 'the mark')
    expect([second.seen, before + 2]).toEqual([[opened, missed, 'end-of-stored'], missed])
    const next = inbox.deliver({}).sequence
    await waitFor(() => second.seen.includes(next), 5_000, 'the next one')
    expect(second.position).toBe(next)
    second.cut()
    await waitFor(() => inbox.listeners === 0, 5_000, 'the cut')
  }
})

test.each(TRANSPORTS)('%s: cut after one event or several, a reader gets every message once', async (_, open) => {
  const front = await startInbox({ limits: { keepAliveMs: 10 } })
  const { inbox } = front
  for (let i = 0; i < 5; i++) inbox.deliver({})
  const got: (string | number)[] = []
  let position: number | undefined
  for (const events of [1, 2, 3, 2]) {
    const reader = await open(front, 'all', position)
    await waitFor(
      () => reader.seen.length >= events,
      5_000,
      () => `${events} events: ${reader.seen}`,
    )
    reader.cut()
    got.push(...reader.seen)
    position = reader.position
    inbox.deliver({})
  }
  const last = await open(front, 'all', position)
  await waitFor(() => last.seen.includes(9), 5_000, 'all')
  expect([...got, ...last.seen].filter((each) => typeof each === 'number')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('?poll=1: the position of its end is where the next one begins, also when it gave nothing', async () => {
  const front = await startInbox()
  const poll = async (since: string | number) => {
    const { text } = await ask(front.port, `/to/wall/json?poll=1&since=${since}`)
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
  }
  front.inbox.deliver({})
  const nothing = await poll('now')
  expect(nothing).toEqual([
    { event: 'open', hashname: MY_HASHNAME, end: '#wall', position: 1 },
    { event: 'end-of-stored', position: 1 },
  ])
  front.inbox.deliver({})
  const one = await poll(nothing.at(-1)?.position ?? Number.NaN)
  expect(one.map(({ sequence, event }) => sequence ?? event)).toEqual(['open', 2, 'end-of-stored'])
  expect(one.at(-1)?.position).toBe(2)
})

test('a keepalive carries the position, too', async () => {
  const front = await startInbox({ limits: { keepAliveMs: 5 } })
  for (let i = 0; i < 3; i++) void front.inbox.deliver({})
  const lines = await openLines(front, 'now')
  await waitFor(() => lines.seen.includes('keepalive'), 5_000, 'a sign of life')
  expect(lines.position).toBe(3)
})

test('a position beyond the newest message is of another inbox, and nothing of this one is missed', async () => {
  const front = await startInbox()
  for (let i = 0; i < 3; i++) void front.inbox.deliver({})
  const reader = await openEvents(front, 'now', 5_000)
  await waitFor(() => reader.seen.includes('end-of-stored'), 5_000, 'the mark')
  expect(reader.seen).toEqual(['opened', 1, 2, 3, 'end-of-stored'])
})

test('since: an empty one is none, and so is an empty Last-Event-ID', async () => {
  const { inbox, port } = await startInbox()
  for (let i = 0; i < 2; i++) inbox.deliver({})
  const ids = async (path: string, headers: Record<string, string> = {}) =>
    [...(await ask(port, path, { headers })).text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
  expect(await ids('/to/wall/sse?poll=1&since=')).toEqual([0, 1, 2, 2])
  expect(await ids('/to/wall/sse?poll=1&since=1', { 'last-event-id': '' })).toEqual([1, 2, 2])
  expect(await ids('/to/wall/sse?poll=1&since=all', { 'last-event-id': '1' })).toEqual([1, 2, 2])
})

test('since: the number that a message carries as storedAtMs begins at that message, and one in seconds as before', async () => {
  const { inbox, port } = await startInbox()
  const nowMs = 1_000 * Math.floor(Date.now() / 1_000)
  const times = [nowMs - 7_200_000, nowMs - 1_800_000, nowMs - 1_799_999, nowMs].map(
    (storedAtMs) => inbox.deliver({ storedAtMs }).storedAtMs,
  )
  const sequences = async (since: string | number) => {
    const answer = await ask(port, `/to/wall/json?poll=1&since=${since}`)
    expect(answer.status).toBe(200)
    return answer.text
      .trim()
      .split('\n')
      .flatMap((line) => (JSON.parse(line) as Line).sequence ?? [])
  }
  for (const [i, since] of times.entries()) expect(await sequences(since), String(since)).toEqual([1, 2, 3, 4].slice(i))
  expect(await sequences(nowMs / 1_000)).toEqual([4])
  expect(await sequences(nowMs + 1)).toEqual([])
  expect(await sequences(1_000_000_000)).toEqual([1, 2, 3, 4])
  expect(await sequences(100_000_000_000)).toEqual([1, 2, 3, 4])
  // Microseconds are no unit of anything here.
  const micro = await ask(port, `/to/wall/json?poll=1&since=${1_000 * nowMs}`)
  expect([micro.status, JSON.parse(micro.text).error.number]).toEqual([400, 40_005])
})

test('/ws?poll=1 closes with 1000, and a stream that the gateway ends with 1001', async () => {
  const front = await startInbox()
  front.inbox.deliver({})
  const codeOf = (path: string) => {
    const socket = new WebSocket(`${front.url.replace('http', 'ws')}${path}`)
    onTestFinished(() => socket.terminate())
    return new Promise<number>((resolve) => socket.on('close', resolve))
  }
  expect(await codeOf('/to/wall/ws?poll=1')).toBe(1_000)
  const closed = codeOf('/to/wall/ws')
  await waitFor(() => front.inbox.listeners === 1, 5_000, 'it is read')
  front.close()
  expect(await closed).toBe(1_001)
})

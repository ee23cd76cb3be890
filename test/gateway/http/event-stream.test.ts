import { expect, test } from 'vitest'
import { createEventStream, encodeServerSentEvent } from '../../../gateway/http/event-stream.ts'

interface Source {
  events: AsyncGenerator<string>
  push(event: string): void
  end(): void
}

/** Events that a test makes itself. */
function createSource(): Source {
  const queue: string[] = []
  let ended = false
  let wake = () => {}
  return {
    events: (async function* () {
      while (!ended || queue.length > 0) {
        const event = queue.shift()
        if (event !== undefined) yield event
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    })(),
    push(event) {
      queue.push(event)
      wake()
    },
    end() {
      ended = true
      wake()
    },
  }
}

function open(source: Source, keepAliveMs = 60_000) {
  const closing = new AbortController()
  let ends = 0
  const stream = createEventStream({
    events: source.events,
    keepAliveMs,
    signal: closing.signal,
    onEnd: () => {
      ends++
      source.end()
    },
  })
  const reader = stream.getReader()
  const read = async () => {
    const { value } = await reader.read()
    return value === undefined ? null : new TextDecoder().decode(value)
  }
  return { reader, read, closing, ends: () => ends }
}

test('createEventStream: events arrive in order, each as one message', async () => {
  const source = createSource()
  const { read } = open(source)
  expect(await read()).toMatch(/^retry: \d+\n\n$/)
  source.push('1')
  expect(await read()).toBe('data: 1\n\n')
  source.push('2')
  expect(await read()).toBe('data: 2\n\n')
})

test('createEventStream: a reader that was busy gets the newest event only', async () => {
  const closing = new AbortController()
  const taken = Promise.withResolvers<void>()
  const events = (async function* () {
    yield* ['1', '2', '3', '4']
    taken.resolve() // asked for a fifth, so all four were taken
    await new Promise((resolve) => closing.signal.addEventListener('abort', resolve))
  })()
  const reader = createEventStream({ events, keepAliveMs: 60_000, signal: closing.signal, onEnd: () => {} }).getReader()
  await reader.read()
  await taken.promise
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: 4\n\n')
  closing.abort()
})

test('createEventStream: comments keep an idle stream open', async () => {
  const { read } = open(createSource(), 5)
  await read()
  expect(await read()).toBe(':\n\n')
  expect(await read()).toBe(':\n\n')
})

test('createEventStream: it ends with its events, by our side, or by the reader, and says so once', async () => {
  const finished = createSource()
  const first = open(finished)
  await first.read()
  finished.end()
  expect(await first.read()).toBeNull()
  expect(first.ends()).toBe(1)

  const second = open(createSource())
  await second.read()
  const pending = second.read()
  second.closing.abort()
  expect(await pending).toBeNull()
  expect(second.ends()).toBe(1)

  const third = open(createSource())
  await third.reader.cancel()
  expect(third.ends()).toBe(1)
  third.closing.abort()
  expect(third.ends()).toBe(1)
})

test('encodeServerSentEvent: an id and a name are written where there are any', () => {
  expect(encodeServerSentEvent({ data: '{}' })).toBe('data: {}\n\n')
  expect(encodeServerSentEvent({ id: 7, event: 'open', data: '{}' })).toBe('id: 7\nevent: open\ndata: {}\n\n')
})

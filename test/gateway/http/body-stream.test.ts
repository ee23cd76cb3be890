import { expect, test } from 'vitest'
import { streamBody } from '../../../gateway/http/body-stream.ts'

test('streamBody: nothing is read before it is taken, and each chunk only when it is', async () => {
  const given: number[] = []
  const stream = streamBody(async function* () {
    for (let i = 0; i < 3; i++) {
      given.push(i)
      yield Uint8Array.of(i)
    }
  })
  const reader = stream.getReader()
  expect(given).toEqual([])
  expect((await reader.read()).value).toEqual(Uint8Array.of(0))
  expect(given).toEqual([0])
  await reader.read()
  await reader.read()
  expect(await reader.read()).toEqual({ done: true, value: undefined })
})

test('streamBody: a client that goes away ends the reading, also where it waits', async () => {
  let ended = false
  let signal: AbortSignal | undefined
  const stream = streamBody(async function* (given) {
    signal = given
    try {
      yield Uint8Array.of(1)
      await new Promise((_, reject) => given.addEventListener('abort', () => reject(given.reason)))
    } finally {
      ended = true
    }
  })
  const reader = stream.getReader()
  await reader.read()
  const waiting = reader.read()
  await reader.cancel()
  expect([(await waiting).done, signal?.aborted, ended]).toEqual([true, true, true])
})

test('streamBody: a failure cuts the connection; without one, it goes to the reader', async () => {
  const failing = async function* () {
    yield Uint8Array.of(1)
    throw new Error('no more')
  }
  const alone = streamBody(failing).getReader()
  await alone.read()
  await expect(alone.read()).rejects.toThrow('no more')
  const cut = Promise.withResolvers<void>()
  const reader = streamBody(failing, { cut: cut.resolve }).getReader()
  await reader.read()
  reader.read().catch(() => {})
  await cut.promise
})

test('streamBody: its end is reported once: after the last chunk, after a failure, or when the client leaves before it reads', async () => {
  const ends: string[] = []
  const one = async function* () {
    yield 'text'
  }
  const failing = async function* () {
    yield await Promise.reject(new Error('no more'))
  }
  const whole = streamBody(one, { onEnd: () => ends.push('whole') }).getReader()
  expect(new TextDecoder().decode((await whole.read()).value)).toBe('text')
  expect(await whole.read()).toEqual({ done: true, value: undefined })
  await expect(
    streamBody(failing, { onEnd: () => ends.push('failed') })
      .getReader()
      .read(),
  ).rejects.toThrow()
  const client = new AbortController()
  const left = streamBody(one, { onEnd: () => ends.push('left'), signal: client.signal })
  client.abort()
  await left.cancel()
  expect(ends).toEqual(['whole', 'failed', 'left'])
})

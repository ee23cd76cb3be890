import { expect, test, vi } from 'vitest'
import { createDialTurns } from '../../../node/people/way/dial-turns.ts'

const signals = (isAwaited = false) => {
  const want = { ended: new AbortController(), awaited: new AbortController() }
  if (isAwaited) want.awaited.abort()
  return { ...want, both: { ended: want.ended.signal, awaited: want.awaited.signal } }
}

/** Dials that end when they are told to, in virtual time. */
function createDials() {
  const began: string[] = []
  const turns = createDialTurns(2_000, () => Date.now())
  const dial = (name: string, want = signals()) => {
    const connected = Promise.withResolvers<void>()
    const begin = () => {
      began.push(name)
      return connected.promise
    }
    return { ...want, connected, run: turns.run(begin, want.both) }
  }
  return { began, dial }
}

test('dial turns: one at a time, after a pause three times as long as the last one took, and no longer than it may be', async () => {
  vi.useFakeTimers()
  try {
    const { began, dial } = createDials()
    const [a, b, c] = ['a', 'b', 'c'].map((name) => dial(name)) as [
      ReturnType<typeof dial>,
      ReturnType<typeof dial>,
      ReturnType<typeof dial>,
    ]
    await vi.advanceTimersByTimeAsync(200)
    expect(began).toEqual(['a'])
    a.connected.resolve()
    await vi.advanceTimersByTimeAsync(599)
    expect(began).toEqual(['a'])
    await vi.advanceTimersByTimeAsync(1)
    expect(began).toEqual(['a', 'b'])
    await vi.advanceTimersByTimeAsync(30_000)
    b.connected.reject(new Error('not reached'))
    await expect(b.run).rejects.toThrow('not reached')
    await vi.advanceTimersByTimeAsync(1_999)
    expect(began).toEqual(['a', 'b'])
    await vi.advanceTimersByTimeAsync(1)
    expect(began).toEqual(['a', 'b', 'c'])
    c.connected.resolve()
    await Promise.all([a.run, c.run])
  } finally {
    vi.useRealTimers()
  }
})

test('dial turns: one that somebody waits for has its turn at once, also when it was queued before', async () => {
  const { began, dial } = createDials()
  const dials = [dial('a'), dial('b'), dial('c', signals(true))] as const
  await vi.waitFor(() => expect(began).toEqual(['a', 'c']))
  dials[1].awaited.abort()
  await vi.waitFor(() => expect(began).toEqual(['a', 'c', 'b']))
  for (const each of dials) each.connected.resolve()
  await Promise.all(dials.map(({ run }) => run))
})

test('dial turns: one that is not wanted any more is not begun, and holds up no other', async () => {
  const { began, dial } = createDials()
  const [a, b, c] = [dial('a'), dial('b'), dial('c')]
  b.ended.abort(new Error('stopped'))
  await expect(b.run).rejects.toThrow('stopped')
  a.ended.abort(new Error('stopped'))
  a.connected.resolve()
  await vi.waitFor(() => expect(began).toEqual(['a', 'c']))
  c.connected.resolve()
  await c.run
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openAccess } from '../../../browser/transfer/open-access.ts'

const ANSWER_MS = 1_000

/** Calls that are answered by hand, and their handles. */
function createBrowser() {
  const calls: PromiseWithResolvers<{ name: string; close(): void }>[] = []
  const closed: string[] = []
  return {
    calls,
    closed,
    open: () => {
      const call = Promise.withResolvers<{ name: string; close(): void }>()
      calls.push(call)
      return call.promise
    },
    answer: (index: number) => calls[index]?.resolve({ name: `handle ${index}`, close: () => closed.push(`handle ${index}`) }),
  }
}

describe('a file that is opened for writing', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('is asked for again when the browser leaves a call unanswered', async () => {
    const browser = createBrowser()
    const opening = openAccess(browser.open, ANSWER_MS)
    await vi.advanceTimersByTimeAsync(ANSWER_MS)
    expect(browser.calls).toHaveLength(2)
    browser.answer(1)
    expect((await opening).name).toBe('handle 1')
    browser.answer(0)
    await vi.advanceTimersByTimeAsync(10 * ANSWER_MS)
    expect(browser.closed, 'a handle that comes late would keep the file').toEqual(['handle 0'])
    expect(browser.calls).toHaveLength(2)
  })

  it('comes by the first call, though late, while the second is refused for it', async () => {
    const browser = createBrowser()
    const opening = openAccess(browser.open, ANSWER_MS)
    await vi.advanceTimersByTimeAsync(ANSWER_MS)
    browser.calls[1]?.reject(new DOMException('another one has it', 'NoModificationAllowedError'))
    await vi.advanceTimersByTimeAsync(0)
    browser.answer(0)
    expect((await opening).name).toBe('handle 0')
    expect(browser.closed).toEqual([])
  })

  it('fails at once with what the browser says, and after three calls where it says nothing', async () => {
    const refused = createBrowser()
    const refusal = expect(openAccess(refused.open, ANSWER_MS)).rejects.toThrow('no room')
    refused.calls[0]?.reject(new Error('no room'))
    await refusal
    expect(vi.getTimerCount()).toBe(0)

    const silent = createBrowser()
    const failure = expect(openAccess(silent.open, ANSWER_MS)).rejects.toThrow('Try again')
    await vi.advanceTimersByTimeAsync(3 * ANSWER_MS)
    await failure
    expect(silent.calls).toHaveLength(3)
    expect(vi.getTimerCount()).toBe(0)
  })
})

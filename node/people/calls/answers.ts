/** Answers of one call as they come from several instances: an async iterable, and the list of them all. */

import { onAbort } from '../../async/abort.ts'
import type { Answer, Answers } from '../types.ts'

/** An answer that no reader has taken yet; `onTaken` lets the sender go on. */
interface Untaken {
  answer: Answer
  onTaken: (() => void) | undefined
}

export interface CollectedAnswers {
  readonly answers: Answers
  /** One instance more is to answer. @param cancel ends its call; called once, and not after `done` */
  expect(cancel: () => void): { push(answer: Answer, onTaken?: () => void): void; done(): void }
  /** Nobody could be asked. */
  fail(reason: unknown): void
}

export function createAnswers(signal: AbortSignal | undefined): CollectedAnswers {
  /** Bounded: one answer of each instance, and of a handler that gives several what its credit allows. */
  let untaken: Untaken[] = []
  /** Ends of the calls under way. Bounded by the instances. */
  const cancels = new Set<() => void>()
  /** Bounded by the callers of `next`. */
  let readers: { resolve(result: IteratorResult<Answer, undefined>): void; reject(reason: unknown): void }[] = []
  let failure: { reason: unknown } | undefined
  let isListening = false
  let stopListening = () => {}
  let all: Promise<Answer[]> | undefined

  function finishReaders(): void {
    if (cancels.size > 0 && failure === undefined) return
    stopListening()
    const waiting = readers
    readers = []
    for (const { resolve, reject } of waiting) {
      if (failure === undefined) resolve({ done: true, value: undefined })
      else reject(failure.reason)
    }
  }

  function cancelAll(): void {
    const open = [...cancels]
    cancels.clear()
    for (const cancel of open) cancel()
  }

  function fail(reason: unknown): void {
    failure ??= { reason }
    untaken = []
    cancelAll()
    finishReaders()
  }

  function next(): Promise<IteratorResult<Answer, undefined>> {
    if (failure !== undefined) return Promise.reject(failure.reason)
    const first = untaken.shift()
    if (first !== undefined) {
      first.onTaken?.()
      return Promise.resolve({ done: false, value: first.answer })
    }
    if (cancels.size === 0) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => readers.push({ resolve, reject }))
  }

  const iterator: AsyncIterator<Answer, undefined> = {
    next,
    /** The reader has heard enough. */
    return() {
      cancelAll()
      untaken = []
      finishReaders()
      return Promise.resolve({ done: true, value: undefined })
    },
  }

  const answers: Answers = {
    [Symbol.asyncIterator]: () => iterator,
    settled() {
      all ??= (async () => {
        const list: Answer[] = []
        for await (const answer of answers) list.push(answer)
        return list
      })()
      return all
    },
  }

  return {
    answers,
    expect(cancel) {
      cancels.add(cancel)
      if (signal !== undefined && !isListening) {
        isListening = true
        stopListening = onAbort(signal, () => fail(signal.reason))
      }
      return {
        push(answer, onTaken) {
          const reader = readers.shift()
          if (reader === undefined) {
            untaken.push({ answer, onTaken })
            return
          }
          onTaken?.()
          reader.resolve({ done: false, value: answer })
        },
        done() {
          if (cancels.delete(cancel)) finishReaders()
        },
      }
    },
    fail,
  }
}

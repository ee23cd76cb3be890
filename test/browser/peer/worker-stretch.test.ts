import { scryptSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { createWorkerStretch, type StretchThread } from '../../../browser/peer/worker-stretch.ts'

const COST = { log2N: 4, r: 1, p: 1 }
const [secret, salt] = [new Uint8Array([1]), new Uint8Array([2])]
const KEY = new Uint8Array(scryptSync(secret, salt, 32, { N: 16, r: 1, p: 1 }))

/** A thread that ends as soon as it is asked, as browsers say it: with a message for a script that throws, without one for a missing script. */
function endingThread(message: string | undefined) {
  const thread = new EventTarget() as EventTarget & { isTerminated: boolean; postMessage(): void; terminate(): void }
  return Object.assign(thread, {
    isTerminated: false,
    postMessage: () => queueMicrotask(() => thread.dispatchEvent(Object.assign(new Event('error'), message !== undefined && { message }))),
    terminate: () => {
      thread.isTerminated = true
    },
  })
}

test('a pass phrase is stretched in the page where the script of the thread is missing, as in a bundle of Rollup or esbuild', async () => {
  const thread = endingThread(undefined)
  expect(await createWorkerStretch(() => thread as unknown as StretchThread)(secret, salt, COST)).toEqual(KEY)
  expect(thread.isTerminated).toBe(true)
})

test('a pass phrase is stretched in the page where no thread may be started', async () => {
  const start = () => {
    throw new DOMException('another origin', 'SecurityError')
  }
  expect(await createWorkerStretch(start)(secret, salt, COST)).toEqual(KEY)
})

test('a thread that fails says so', async () => {
  const thread = endingThread('out of memory')
  await expect(createWorkerStretch(() => thread as unknown as StretchThread)(secret, salt, COST)).rejects.toThrow('out of memory')
  expect(thread.isTerminated).toBe(true)
})

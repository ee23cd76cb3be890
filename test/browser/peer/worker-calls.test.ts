import { expect, it } from 'vitest'
import { createWorkerCalls, type WorkerAnswer, type WorkerPort } from '../../../browser/peer/worker-calls.ts'

it('the error of a worker keeps its name, by which a full storage is told', async () => {
  let answer: (event: MessageEvent<WorkerAnswer>) => void = () => {}
  const worker: WorkerPort = {
    postMessage: () => answer(new MessageEvent('message', { data: { id: 1, error: 'no space left', errorName: 'QuotaExceededError' } })),
    addEventListener(type: 'message' | 'error', listener: never) {
      if (type === 'message') answer = listener
    },
  }
  await expect(createWorkerCalls(worker, 'file').call({})).rejects.toMatchObject({ name: 'QuotaExceededError', message: 'no space left' })
})

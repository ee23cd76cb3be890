import { expect, test } from 'vitest'
import { createStoragePromise } from '../../../browser/people/storage-promise.ts'

test('looking whether the browser keeps what is stored asks nobody; asking waits for the answer', async () => {
  const answer = Promise.withResolvers<boolean>()
  let asked = 0
  const promise = createStoragePromise({
    persisted: async () => false,
    persist() {
      asked++
      return answer.promise
    },
  })
  await promise.read()
  expect([promise.state.get(), asked]).toEqual(['not given', 0])
  const asking = promise.ask()
  expect(promise.state.get()).toBe('asked')
  answer.resolve(true)
  await asking
  expect([promise.state.get(), asked]).toEqual(['given', 1])
})

test('a browser that cannot be asked, or that fails, has not promised anything', async () => {
  const fails = () => Promise.reject(new Error('no'))
  for (const storage of [{} as StorageManager, { persist: fails, persisted: fails }]) {
    const promise = createStoragePromise(storage)
    await promise.read()
    expect(promise.state.get()).toBe('not given')
    await promise.ask()
    expect(promise.state.get()).toBe('not given')
  }
})

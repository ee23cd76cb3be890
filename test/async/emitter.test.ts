import { expect, test, vi } from 'vitest'
import { createEmitter } from '../../node/async/emitter.ts'

test('emitter: each listener gets each event, in their order, until it is removed', () => {
  const emitter = createEmitter<number>()
  const heard: string[] = []
  const offA = emitter.on((event) => heard.push(`a${event}`))
  emitter.on((event) => heard.push(`b${event}`))
  emitter.emit(1)
  offA()
  offA()
  emitter.emit(2)
  expect(heard).toEqual(['a1', 'b1', 'b2'])
})

test('emitter: the same function may listen twice, and is removed once', () => {
  const emitter = createEmitter<void>()
  const listener = vi.fn()
  const off = emitter.on(listener)
  emitter.on(listener)
  off()
  emitter.emit()
  expect(listener).toHaveBeenCalledTimes(1)
})

test('emitter: a listener added during an event gets the next one', () => {
  const emitter = createEmitter<number>()
  const late = vi.fn()
  const off = emitter.on(() => {
    off()
    emitter.on(late)
  })
  emitter.emit(1)
  expect(late).not.toHaveBeenCalled()
  emitter.emit(2)
  expect(late.mock.calls).toEqual([[2]])
})

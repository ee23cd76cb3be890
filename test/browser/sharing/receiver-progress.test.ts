import { expect, test } from 'vitest'
import { ReceiverProgress } from '../../../browser/sharing/receiver-progress.ts'
import { receiverProblemSentence } from '../../../browser/words/share-sentence.ts'
import type { ShareEntry, ShareReceiver } from '../../../node/sharing/types.ts'

const entry = (id: number, size: number): ShareEntry => ({
  ...{ id, size, kind: 'file', path: `${id}.bin`, mediaType: '', modifiedMs: undefined, state: 'ready', text: undefined, hash: undefined },
})
const ENTRIES = [entry(1, 1_000), entry(2, 0), entry(3, 500)]

function receiver(received: [number, number][], saved: number[], taken: number[] | null = [1, 2]): ShareReceiver {
  const state = taken?.every((id) => saved.includes(id)) ? 'done' : 'receiving'
  const sets = { received: new Map(received), saved: new Set(saved), taken: taken === null ? undefined : new Set(taken) }
  return { id: 'a', label: 'Firefox on Linux', state, way: 'direct', ...sets }
}

test('receiver progress: the bar is full only when everything taken is saved, also when nothing has bytes', () => {
  const progress = new ReceiverProgress()
  const shown = (...args: Parameters<typeof receiver>) => progress.shown(receiver(...args), ENTRIES)
  expect(shown([[1, 400]], [])).toMatchObject({ done: 400, total: 1_000, files: 2, savedFiles: 0 })
  expect(shown([[1, 1_000]], []).done).toBe(990)
  expect(shown([[1, 9_999]], [2]).done).toBe(990) // as it travels, content is longer
  expect(shown([[1, 1_000]], [1])).toMatchObject({ done: 990, savedFiles: 1 })
  expect(shown([], [1, 2])).toMatchObject({ done: 1_000, total: 1_000, savedFiles: 2 })
  expect(shown([], [], null)).toMatchObject({ done: 0, total: 0, files: 0 })
})

test('receiver progress: an entry that was removed counts no more', () => {
  expect(new ReceiverProgress().shown(receiver([[9, 50]], [9], [1, 9]), ENTRIES)).toMatchObject({ done: 0, total: 1_000, files: 1 })
})

test('receiver progress: why a receiver cannot save is shown', () => {
  const shown = new ReceiverProgress().shown({ ...receiver([], []), problem: 'Its disk is full' }, ENTRIES)
  expect(receiverProblemSentence(shown.problem ?? '')).toBe('It says: Its disk is full. It goes on when that is mended there.')
})

import { expect, test } from 'vitest'
import {
  chosenRulesText,
  closeSentence,
  receiverSentence,
  renamedSentence,
  ruleSentences,
  sharingProblemSentence,
  totalSentence,
} from '../../../browser/words/share-sentence.ts'

const receiving = { state: 'receiving', way: 'direct', files: 3, savedFiles: 1, done: 512, total: 2_048, bytesPerSecond: 512 } as const

test('share sentence: how far a receiver is', () => {
  expect(receiverSentence(receiving)).toBe('1 of 3 files saved. 512 bytes of 2 KiB (25 %), 512 bytes per second, 3 seconds left')
  expect(receiverSentence({ ...receiving, state: 'done', files: 1, savedFiles: 1 })).toBe('has it')
  expect(receiverSentence({ ...receiving, state: 'left' })).toBe(
    'has left before it had everything. 1 of 3 files saved. 512 bytes of 2 KiB (25 %)',
  )
  expect(receiverSentence({ ...receiving, state: 'left' }, true)).toMatch(/^does not have everything\. 1 of 3 files saved/)
  const nothing = { ...receiving, files: 0, savedFiles: 0, done: 0, total: 0 }
  expect(receiverSentence({ ...nothing, state: 'left' })).toBe('has left')
  expect(receiverSentence({ ...nothing, state: 'left' }, true)).toBe('has not taken anything')
  expect(receiverSentence(nothing)).not.toContain('100')
  expect(totalSentence([receiving, { ...receiving, state: 'done', done: 2_048, bytesPerSecond: 0 }])).toBe(
    '1 of 2 have everything: 2.5 KiB of 4 KiB, 512 bytes per second.',
  )
  expect(totalSentence([nothing])).toBeUndefined()
})

test('share sentence: when the tab may be closed', () => {
  const say = (states: ('looking' | 'asking' | 'receiving' | 'done' | 'left')[], receivers?: number) =>
    closeSentence(
      states.map((state) => ({ state })),
      receivers === undefined ? {} : { receivers },
    )
  expect(say([])).toMatch(/^Keep this tab open until they have it/)
  expect(say(['receiving', 'done'])).toMatch(/Keep this tab open/)
  expect(say(['receiving', 'asking'])).toMatch(/waits for your answer/)
  expect(say(['done'], 1)).toBe('Everybody who may have it has it. You can close this tab.')
  expect(say(['done'], 2)).not.toMatch(/You can close/)
  expect(say(['done', 'left'])).toMatch(/Those who have left can go on only while it is open/)
})

test('share sentence: rules, changed names and problems', () => {
  expect(ruleSentences({ receivers: 1, password: 'x', ask: true, stopAfterFirst: true })).toHaveLength(6)
  expect(chosenRulesText({}, undefined)).toBe('Everybody with the link can have it.')
  expect(chosenRulesText({ receivers: 2, password: 'x', ask: true }, '1 hour')).toBe(
    '2 receivers can have it. It lasts 1 hour. With a password. You are asked for each.',
  )
  expect(ruleSentences({ sealed: false }).at(-1)).toMatch(/plain http/)
  expect(renamedSentence([])).toBeUndefined()
  expect(renamedSentence([{ given: 'a', path: 'a (2)' }])).toBe('There is another file of the name “a”. This one is now called “a (2)”.')
  expect(sharingProblemSentence({ code: 'ERR_LIMIT', message: 'Cannot share 5: the limit is 4' })).toBe('Cannot share 5: the limit is 4.')
})

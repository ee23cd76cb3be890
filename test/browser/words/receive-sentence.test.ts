import { expect, test } from 'vitest'
import {
  entrySentence,
  openingSentence,
  receiveButtonText,
  receiverRuleSentences,
  saveButtonText,
  shareSentence,
} from '../../../browser/words/receive-sentence.ts'

const listed = { state: 'listed', endCode: undefined, hasList: true, hasTaken: false, isComplete: true, helpers: 0 } as const

test('receive sentence: how the share stands', () => {
  expect(shareSentence(listed)).toBe('The sharer is here. Nothing comes to this device before you press Receive.')
  const taking = { ...listed, hasTaken: true, isComplete: false } as const
  expect(shareSentence({ ...taking, state: 'away' })).toBe(
    'The sharer is not here now. Keep this page open: it goes on by itself when they are back.',
  )
  expect(shareSentence({ ...taking, state: 'away', helpers: 2 })).toContain('2 others have some of it')
  expect(shareSentence({ ...taking, state: 'away', isComplete: true })).toBe('The sharer is not here now. You have what you took.')
  expect(shareSentence({ ...listed, state: 'ended', endCode: 'ERR_SHARE_ENDED' })).toBe(
    'This share has ended: its sharer has stopped it. Ask for a new link.',
  )
  expect(shareSentence({ ...taking, state: 'ended', endCode: 'ERR_SHARE_ENDED' })).toBe(
    'This share has ended: its sharer has stopped it. Nobody else has the rest. What is complete stays.',
  )
  expect(shareSentence({ ...taking, state: 'ended', endCode: 'ERR_SHARE_ENDED', helpers: 1 })).toContain('1 other person has some of it')
  expect(shareSentence({ ...taking, state: 'ended', endCode: 'ERR_SHARE_EXPIRED', isComplete: true })).toBe(
    'The time of this share is over. You have what you took.',
  )
})

test('receive sentence: each end has words of its own', () => {
  const codes = ['WRONG', 'ENDED', 'EXPIRED', 'USED', 'LOCKED', 'REFUSED', 'FULL'].map((code) => `ERR_SHARE_${code}`)
  const sentences = codes.map((endCode) => shareSentence({ ...listed, state: 'ended', endCode }))
  expect(new Set(sentences).size).toBe(codes.length)
  expect(openingSentence({ code: 'ERR_SHARE_WRONG' })).toBe(sentences[0])
  expect(openingSentence(new TypeError('no network'))).toMatch(/no network. It tries again by itself/)
})

test('receive sentence: rules, buttons and entries', () => {
  expect(receiverRuleSentences({ receivers: 1, ask: true })).toEqual([
    'This share is for one person: once you press Receive, nobody else can receive it.',
    'The sharer is asked when you press Receive.',
  ])
  expect(receiverRuleSentences({})).toEqual([])
  expect(receiveButtonText(1, 1, 1_024)).toBe('Receive (1 KiB)')
  expect(receiveButtonText(3, 3, 1_024)).toBe('Receive all 3 (1 KiB)')
  expect(receiveButtonText(2, 3, 1_024)).toBe('Receive 2 of 3 (1 KiB)')
  expect([saveButtonText(1, true), saveButtonText(2, true), saveButtonText(2, false)]).toEqual([
    'Save it…',
    'Save the 2 that are here…',
    'Save 2 files…',
  ])
  const entry = { done: 50, size: 200, bytesPerSecond: 10 }
  expect(entrySentence({ ...entry, phase: 'receiving' })).toBe('25 %, 15 seconds left')
  expect(entrySentence({ ...entry, phase: 'receiving', size: 1e9, bytesPerSecond: 4 })).toBe('0 %')
  expect(entrySentence({ ...entry, phase: 'stalled' })).toBe('Waiting at 25 %: nobody here has the rest now')
  expect(entrySentence({ ...entry, phase: 'failed', reason: 'the disk is full' })).toBe('Failed: the disk is full')
})

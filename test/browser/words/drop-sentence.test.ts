import { describe, expect, it } from 'vitest'
import {
  boxProblemSentence,
  changedSentence,
  noBoxSentence,
  offerText,
  sendingSentence,
  sentSentence,
  submissionSentence,
  termSentences,
} from '../../../browser/words/drop-sentence.ts'
import { MayflyError } from '../../../node/errors.ts'

const MIB = 1_048_576

describe('the terms of a drop box', () => {
  it('each limit is one sentence; a box without limits takes files of any kind', () => {
    expect(termSentences({})).toEqual(['Files of any kind.'])
    const terms = { maxFiles: 1, maxBytes: 10 * MIB, maxFileBytes: MIB, types: ['image/*', 'application/pdf', '.zip'], untilMs: 5 }
    expect(termSentences(terms, (ms) => `${ms} ms`)).toEqual([
      'At most 1 file at once.',
      'At most 10 MiB at once.',
      'At most 1 MiB in one file.',
      'Only pictures, PDF files and .zip.',
      'Open until 5 ms.',
    ])
  })
})

describe('what a sender reads', () => {
  const sending = { state: 'sending', done: MIB, total: 4 * MIB, bytesPerSecond: 0, isThere: false } as const

  it.each([
    [{ state: 'preparing' }, true, 'Offering it to them…'],
    [{ state: 'preparing' }, false, 'They are not here now. It begins by itself when they are.'],
    [{ state: 'asked' }, true, 'They are asked whether they take it. Nothing has been sent yet.'],
    [sending, false, 'They are not here now. It goes on by itself when they are back. 1 MiB of 4 MiB (25 %)'],
    [{ ...sending, isThere: true }, false, '1 MiB of 4 MiB (25 %)'],
    [
      { state: 'failed', text: 'The disk is full' },
      true,
      'They could not take it: The disk is full. They have to mend that. Then it goes on by itself.',
    ],
  ] as const)('%o, the box open: %s', (state, isOpen, text) => {
    expect(sendingSentence(state, { isOpen })).toBe(text)
  })

  it('what has arrived is named, and the tab may be closed', () => {
    const files = [{ path: 'a', size: 1, mediaType: '' }]
    const end = 'checked and saved. You can close this tab.'
    expect(sentSentence({ files, words: ' ' })).toBe(`They have 1 file, ${end}`)
    expect(sentSentence({ files, words: 'x' })).toBe(`They have 1 file and your words, ${end}`)
    expect(sentSentence({ files: [], words: 'x' })).toBe(`They have your words, ${end}`)
  })

  it('a closed box is told from a wrong link, and both say what to do', () => {
    expect(noBoxSentence('ERR_SHARE_ENDED')).toContain('closed')
    expect(noBoxSentence('ERR_SHARE_WRONG')).toContain('cut or mistyped')
    expect(noBoxSentence(undefined)).toContain('Reload')
  })

  it('files that are others than before are named', () => {
    expect(changedSentence([])).toBeUndefined()
    expect(changedSentence(['a.txt'])).toBe('“a.txt” is not the same as before the interruption, and is sent from the beginning.')
    expect(changedSentence(['a', 'b', 'c'])).toContain('“a” and 2 files more are')
  })
})

describe('what the owner of a box reads', () => {
  const facts = { bytes: MIB, totalBytes: 2 * MIB, text: '' }

  it.each([
    [{ ...facts, state: 'asked' }, 'You are asked. Nothing of it has come yet.'],
    [{ ...facts, state: 'receiving', bytesPerSecond: MIB }, '1 MiB of 2 MiB (50 %), 1 MiB per second, 1 second left'],
    [{ ...facts, state: 'waiting' }, 'Its sender has left. It goes on by itself when they open your link again. 1 MiB of 2 MiB (50 %)'],
    [{ ...facts, totalBytes: 0, state: 'waiting' }, 'Its sender has left. It goes on by itself when they open your link again.'],
    [{ ...facts, state: 'failed', text: 'The disk is full' }, 'It stopped: The disk is full.'],
  ] as const)('%o: %s', (submission, text) => {
    expect(submissionSentence(submission)).toBe(text)
  })

  it('words alone are told from files', () => {
    expect(offerText({ files: [] })).toBe('words only')
    expect(offerText({ files: [{ path: 'a', size: MIB, mediaType: '' }] })).toBe('1 file, 1 MiB')
  })

  it('a problem names the limit, or what to do', () => {
    expect(boxProblemSentence(new MayflyError('ERR_BAD_OPTION', 'Cannot make a drop box: types must be x'))).toBe(
      'This box cannot be made: types must be x.',
    )
    expect(boxProblemSentence(new DOMException('', 'QuotaExceededError'))).toContain('no room left')
    expect(boxProblemSentence(new DOMException('', 'SecurityError'))).toContain('mayfly receive --files')
  })
})

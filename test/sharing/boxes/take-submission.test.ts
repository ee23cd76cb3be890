import { expect, test } from 'vitest'
import { abortable } from '../../../node/async/abort.ts'
import { MayflyError } from '../../../node/errors.ts'
import { folderOf, mustFitTerms, takeSubmission } from '../../../node/sharing/boxes/take-submission.ts'
import type {
  DropNews,
  DropTerms,
  ReceivedShare,
  ShareEntry,
  Submission,
  SubmissionSaver,
  SubmissionState,
} from '../../../node/sharing/types.ts'
import { offerOf, streamOf } from '../../helpers/drop-world.ts'

const AT_MS = new Date(2026, 10, 29, 7, 5, 9).getTime()
const FOLDER = '2026-11-29 07.05.09 Ann'

const entry = (path: string, size = 1_000) => ({ id: 1, kind: 'file', path, size, mediaType: '', state: 'ready' }) as ShareEntry

/** A share whose sharer is there, or comes. */
function createShare(entries: ShareEntry[], state: ReceivedShare['state'] = 'listed') {
  const listeners = new Set<() => void>()
  const facts = { state, entries, endCode: undefined as ReceivedShare['endCode'], isClosed: false }
  const share = {
    get state() {
      return facts.state
    },
    get entries() {
      return facts.entries
    },
    get endCode() {
      return facts.endCode
    },
    onChange(listener: () => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async take() {
      change({ state: 'taken' })
    },
    async close() {
      facts.isClosed = true
    },
  } as unknown as ReceivedShare
  function change(next: Partial<typeof facts>) {
    Object.assign(facts, next)
    for (const listener of [...listeners]) listener()
  }
  return { share, facts, change }
}

function createTaking(received: ReceivedShare, terms: Partial<DropTerms> = {}) {
  const files = new Map<string, string>()
  const states: SubmissionState[] = []
  let failure: Error | undefined
  const saver: SubmissionSaver = {
    async saveShare({ entries }, folder, { onProgress }) {
      if (failure !== undefined) throw failure
      for (const { path } of entries) files.set(`${folder}/${path}`, 'shared')
      onProgress?.(1_000)
    },
    async saveStream(folder, path, bytes) {
      if (failure !== undefined) throw failure
      let text = ''
      for await (const chunk of bytes) text += new TextDecoder().decode(chunk)
      files.set(`${folder}/${path}`, text)
    },
  }
  return {
    files,
    states,
    failWith(error: Error | undefined) {
      failure = error
    },
    take: (submission: TakenSubmission) =>
      takeSubmission(
        submission,
        { mustFit: (share) => mustFitTerms(submission, { title: 'For Bob', ...terms }, share), receive: () => received },
        saver,
        { onState: (state) => void states.push(state) },
      ),
  }
}

type TakenSubmission = Omit<Submission, 'receive' | 'giveUp'>

function submissionOf(facts: Partial<TakenSubmission> = {}) {
  const told: DropNews[] = []
  const submission: TakenSubmission = {
    ...offerOf('a.jpg'),
    ...{ id: '01'.repeat(16), atMs: AT_MS, share: '/s/x#y', receiver: new Uint8Array(16), pushed: undefined, isResumed: false },
    withdrawn: new AbortController().signal,
    tell: (news) => void told.push(news),
    ...facts,
  }
  return { submission, told }
}

test('taking: a share comes into a folder of its own, with the words of its sender, who hears that it is there', async () => {
  const { share, facts } = createShare([entry('a.jpg')])
  const { files, states, take } = createTaking(share)
  const { submission, told } = submissionOf()
  await take(submission)
  expect([...files]).toEqual([
    [`${FOLDER}/a.jpg`, 'shared'],
    [`${FOLDER}/words.txt`, 'For you\n'],
  ])
  expect(told.map(({ state }) => state)).toEqual(['taking', 'done'])
  expect(states.at(-1)).toEqual({ state: 'done', bytes: 1_000, totalBytes: 1_000, text: '' })
  expect(facts.isClosed).toBe(true)
})

test('taking: a sender that is away is waited for', async () => {
  const { share, change } = createShare([], 'looking')
  const { files, states, take } = createTaking(share)
  const { submission } = submissionOf({ isResumed: true, files: [] })
  const taking = take(submission)
  await new Promise(setImmediate)
  change({ state: 'away' })
  expect(states.at(-1)?.state).toBe('waiting')
  change({ state: 'listed', entries: [entry('a.jpg')] })
  await taking
  expect(files.has(`${FOLDER}/a.jpg`)).toBe(true)
})

test('taking: a full disk is told on both sides, and it can be taken again', async () => {
  const { share } = createShare([entry('a.jpg')])
  const { files, states, failWith, take } = createTaking(share)
  const { submission, told } = submissionOf()
  failWith(new MayflyError('ERR_NOT_STORED', 'The disk there is full'))
  await expect(take(submission)).rejects.toThrow('The disk there is full')
  expect(told.at(-1)).toEqual({ state: 'failed', text: 'The disk there is full' })
  expect(states.at(-1)).toMatchObject({ state: 'failed', text: 'The disk there is full' })
  failWith(undefined)
  await take(submission)
  expect(told.at(-1)?.state).toBe('done')
  expect(files.size).toBe(2)
})

test.each<[string, ShareEntry[], Partial<DropTerms>]>([
  ['more than was offered', [entry('a.jpg'), entry('b.jpg')], {}],
  ['larger than was offered', [entry('a.jpg', 1_001)], {}],
  ['larger than the terms', [entry('a.jpg')], { maxBytes: 999 }],
  ['another type than the terms', [entry('a.exe')], { types: ['.jpg'] }],
  ['a path that leads out', [entry('../a.jpg')], {}],
])('taking: a share that lists %s is not taken, now or later', async (_, entries, terms) => {
  const { share, facts } = createShare(entries)
  const { files, take } = createTaking(share, terms)
  const { submission, told } = submissionOf()
  await expect(take(submission)).rejects.toThrow(expect.objectContaining({ code: 'ERR_DROP_REFUSED' }))
  expect(facts.state).toBe('listed')
  expect(files.size).toBe(0)
  expect(told.at(-1)?.state).toBe('over')
})

test('taking: a share that gets more than was offered while it is received is stopped, and over', async () => {
  const { share, change, facts } = createShare([entry('a.jpg')])
  const { submission, told } = submissionOf()
  const saver: SubmissionSaver = {
    saveShare: (_received, _folder, { signal }) => abortable(signal, () => void change({ entries: [entry('a.jpg'), entry('b.jpg')] })),
    saveStream: async () => {},
  }
  const context = { mustFit: (received: ReceivedShare) => mustFitTerms(submission, { title: 'For Bob' }, received), receive: () => share }
  await expect(takeSubmission(submission, context, saver)).rejects.toThrow('The files are not those that were offered')
  expect([told.at(-1)?.state, facts.isClosed]).toEqual(['over', true])
})

test('taking: a share that its sender has ended says so, and is over on both sides', async () => {
  const { share, change } = createShare([], 'looking')
  const { states, take } = createTaking(share)
  const { submission, told } = submissionOf()
  const taking = take(submission)
  change({ state: 'ended', endCode: 'ERR_SHARE_ENDED' })
  await expect(taking).rejects.toThrow(expect.objectContaining({ code: 'ERR_SHARE_ENDED' }))
  expect([told.at(-1)?.state, states.at(-1)?.state]).toEqual(['over', 'over'])
})

test('taking: what a gateway pushes, and words alone', async () => {
  const { share } = createShare([])
  const { files, take } = createTaking(share)
  const pushed = { path: 'a.txt', size: 5, mediaType: '', bytes: streamOf('hel', 'lo') }
  await take(submissionOf({ share: undefined, pushed, words: '', from: '' }).submission)
  await take(submissionOf({ share: undefined, files: [], words: 'Hello\n' }).submission)
  expect([...files]).toEqual([
    ['2026-11-29 07.05.09 somebody/a.txt', 'hello'],
    [`${FOLDER}/words.txt`, 'Hello\n'],
  ])
})

test('taking: one that is withdrawn stops, and tells nothing more', async () => {
  const { share } = createShare([], 'looking')
  const { take } = createTaking(share)
  const withdrawal = new AbortController()
  const { submission, told } = submissionOf({ withdrawn: withdrawal.signal })
  const taking = take(submission)
  withdrawal.abort()
  await expect(taking).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  expect(told.map(({ state }) => state)).toEqual(['taking'])
})

test('taking: the folder of a submission has no slashes of its sender', () => {
  expect(folderOf({ atMs: AT_MS, from: '../Ann\\x' })).toBe('2026-11-29 07.05.09 .._Ann_x')
})

import { describe, expect, it } from 'vitest'
import { exactSizeText, sizeText } from '../../../browser/text/size-text.ts'
import type { VisitState } from '../../../browser/visit/types.ts'
import { countSentence, countText } from '../../../browser/words/count-sentence.ts'
import { eventSentence } from '../../../browser/words/event-sentence.ts'
import { progressText, timeText } from '../../../browser/words/progress-sentence.ts'
import { nearLimitSentence, refusalSentence } from '../../../browser/words/refusal-sentence.ts'
import { closingSentence, type VisitorsHold, visitSentence } from '../../../browser/words/visit-sentence.ts'
import { MayflyError, type PeerLimits } from '../../../node/index.ts'

const KEY = 'ab'.repeat(32)

const VISIT_STATES: VisitState[] = [
  ...(['looking', 'shown', 'streamed', 'listed', 'holding', 'stopped', 'changed', 'full', 'opened', 'wrong', 'locked'] as const),
  ...(['wrong-key', 'damaged', 'no-crypto', 'gone', 'unavailable', 'offline', 'too-large'] as const),
]
/** States in which nobody has seen what the link leads to. */
const NAMED_BY_THE_LINK: ReadonlySet<VisitState> = new Set(['locked', 'wrong-key', 'damaged', 'no-crypto'])

describe('words', () => {
  it('a count has its number, and the singular for one', () => {
    expect(countSentence({ count: 1, mine: true })).toBe('1 person holds this page: you.')
    expect(countSentence({ count: 1, mine: false })).toBe('1 person holds this page.')
    for (const count of [2, 3, 200]) {
      expect(countSentence({ count, mine: true })).toMatch(new RegExp(`^${count} people hold this page`))
      expect(countSentence({ count, mine: false })).toBe(`${count} people hold this page.`)
      expect(countText({ count, mine: true })).toBe(`${count} people`)
    }
  })

  it('nobody appears only after an answer, when this tab does not hold the page', () => {
    expect(countSentence({ count: 0, mine: false })).toBe('Nobody holds this page now.')
    for (const facts of [
      { count: 0, mine: true },
      { count: undefined, mine: true },
      { count: undefined, mine: false },
    ]) {
      expect(countSentence(facts)).not.toMatch(/nobody|\d/i)
    }
  })

  it('a file is called a file, and several are they', () => {
    expect(countSentence({ count: 1, mine: false }, 'file')).toBe('1 person holds this file.')
    expect(countSentence({ count: 0, mine: false }, 'files')).toBe('Nobody holds these files now.')
    const facts = { madeHere: false, limits: undefined, count: 2, visitorsHold: 'by saving' } as const
    expect(visitSentence('holding', { ...facts, thing: 'page' })).toBe('You hold this page too. It lives as long as somebody does.')
    expect(visitSentence('holding', { ...facts, thing: 'files' })).toBe('You hold these files too. They live as long as somebody does.')
    for (const state of VISIT_STATES) {
      expect(visitSentence(state, { ...facts, thing: 'page' })).not.toMatch(/[{}]|undefined/)
      if (!NAMED_BY_THE_LINK.has(state)) expect(visitSentence(state, { ...facts, thing: 'file' })).not.toMatch(/\b(?:this|the) page\b/i)
    }
    expect(closingSentence({ count: 1, isJoined: true, madeHere: true, thing: 'files' })).toContain('they are gone')
  })

  it('sizes have the unit that fits', () => {
    const table: [number, string][] = [
      [0, '0 bytes'],
      [1, '1 byte'],
      [1_023, '1023 bytes'],
      [1_024, '1 KiB'],
      [1_536, '1.5 KiB'],
      [262_144, '256 KiB'],
      [2 * 1_048_576, '2 MiB'],
      [68_719_476_736, '64 GiB'],
    ]
    for (const [bytes, text] of table) expect(sizeText(bytes)).toBe(text)
    expect(exactSizeText(262_145)).toBe('256 KiB (262,145 bytes)')
  })

  it('a refusal names the limit and the size', () => {
    const limits = { maxContentBytes: 262_144, maxHeldContents: 64, maxHeldBytes: 8_388_608 } as PeerLimits
    const tooLarge = refusalSentence(new MayflyError('ERR_TOO_LARGE', ''), { size: 300_000, limits })
    expect(tooLarge).toContain('256 KiB')
    expect(tooLarge).toContain('300,000 bytes')
    const full = refusalSentence(new MayflyError('ERR_LIMIT', ''), { size: 1, limits })
    expect(full).toContain('64 pages')
    expect(full).toContain('8 MiB')
    const many = refusalSentence(new MayflyError('ERR_LIMIT', ''), { size: 1, files: 99, limits })
    expect(many).toContain('100 contents')
    expect(refusalSentence(new MayflyError('ERR_UNAVAILABLE', 'Cannot read the file'), { size: 1 })).toContain('could not be read')
    expect(refusalSentence(new MayflyError('ERR_BAD_OPTION', 'a path with ".."'), { size: 1 })).toContain('a path with ".."')
    expect(refusalSentence(new TypeError('some bug'), { size: 1 })).toContain('some bug')
  })

  it('a limit is mentioned only when it is near, with its number', () => {
    const limits = { maxContentBytes: 1_048_576, maxHeldContents: 100 } as PeerLimits
    expect(nearLimitSentence({ size: 800_000, contents: 80, limits })).toBeUndefined()
    expect(nearLimitSentence({ size: 1_000_000, contents: 1, limits })).toContain('1 MiB')
    expect(nearLimitSentence({ size: 1, contents: 81, limits })).toContain('100')
  })

  it('an author is told how visitors come to hold a page, and what closing the tab does', () => {
    const facts = { madeHere: true, limits: undefined, count: 1 }
    const sentence = (visitorsHold: VisitorsHold) => visitSentence('holding', { ...facts, visitorsHold })
    expect(sentence('by opening')).toContain('Everybody who opens it holds it too')
    expect(sentence('by saving')).toContain('save it, or choose to keep it here')
    expect(sentence('by choice')).not.toMatch(/opens|save/)
    expect(closingSentence({ count: 1, isJoined: true, madeHere: true })).toContain('it is gone')
    expect(closingSentence({ count: 2, isJoined: true, madeHere: true })).toContain('it stays')
    expect(closingSentence({ count: 1, isJoined: false, madeHere: true })).toContain('not connected')
    expect(closingSentence({ count: undefined, isJoined: true, madeHere: true })).toBe('')
  })

  it('a visitor of what nobody holds any more is not told that it can be saved', () => {
    const facts = { madeHere: false, limits: undefined, visitorsHold: 'by saving' } as const
    for (const state of ['streamed', 'listed', 'opened'] as const) {
      expect(visitSentence(state, { ...facts, count: 1 })).toContain('save')
      expect(visitSentence(state, { ...facts, count: undefined })).toContain('save')
      expect(visitSentence(state, { ...facts, count: 0 })).toContain('has left')
    }
  })

  it('progress has sizes and percentage, and speed and time left when they are known', () => {
    expect(progressText({ done: 0, total: 2_097_152 })).toBe('0 bytes of 2 MiB (0 %)')
    expect(progressText({ done: 1_048_576, total: 2_097_152, bytesPerSecond: 524_288 })).toBe(
      '1 MiB of 2 MiB (50 %), 512 KiB per second, 2 seconds left',
    )
    expect(progressText({ done: 4, total: 6_000_000, bytesPerSecond: 3 })).toBe('4 bytes of 5.7 MiB (0 %)')
    expect(progressText({ done: 0, total: 0 })).toContain('100 %')
    expect([0.1, 1, 60, 150, 7_200].map(timeText)).toEqual(['1 second', '1 second', '60 seconds', '3 minutes', '2 hours'])
  })

  it('an event names its page and its result', () => {
    const sentences = [
      eventSentence({ type: 'hold', key: KEY, size: 5 }),
      eventSentence({ type: 'served', isDirect: false, key: KEY, bytes: 5, to: 'peer' }),
      eventSentence({ type: 'fetched', key: KEY, bytes: 5, from: 'peer', ms: 12.4 }),
      eventSentence({ type: 'bad-holder', key: KEY, peer: 'liar', home: 'home', reason: 'wrong bytes' }),
    ]
    for (const sentence of sentences) expect(sentence).toContain('abababab')
    expect(sentences[2]).toContain('12 ms')
    expect(sentences[3]).toContain('wrong bytes')
    const posted = (['stored', 'heard', 'queued', 'refused', 'expired'] as const).map((state) =>
      eventSentence({ type: 'posted', id: KEY, end: '#wall', state }),
    )
    expect(new Set(posted).size).toBe(5)
    // The states' own names are words of the library.
    for (const sentence of posted) expect(sentence).not.toMatch(/stored|heard|queued/)
    expect(eventSentence({ type: 'join-failed', address: 'http://x', reason: 'refused', retryInMs: 2_000 })).toContain('2 seconds')
  })
})

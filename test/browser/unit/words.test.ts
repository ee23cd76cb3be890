import { describe, expect, it } from 'vitest'
import { countSentence, countText } from '../../../browser/words/count-sentence.ts'
import { eventSentence } from '../../../browser/words/event-sentence.ts'
import { refusalSentence } from '../../../browser/words/refusal-sentence.ts'
import { exactSizeText, sizeText } from '../../../browser/words/size-text.ts'
import { MayflyError, type PeerLimits } from '../../../node/index.ts'

const KEY = 'ab'.repeat(32)

describe('words', () => {
  it('a count is said with its number, in the singular for one', () => {
    expect(countSentence({ count: 1, mine: true })).toBe('1 person holds this page: you.')
    expect(countSentence({ count: 1, mine: false })).toBe('1 person holds this page.')
    for (const count of [2, 3, 200]) {
      expect(countSentence({ count, mine: true })).toMatch(new RegExp(`^${count} people hold this page`))
      expect(countSentence({ count, mine: false })).toBe(`${count} people hold this page.`)
      expect(countText({ count, mine: true })).toBe(`${count} people`)
    }
  })

  it('nobody is said only when this tab does not hold the page, and an answer has come', () => {
    expect(countSentence({ count: 0, mine: false })).toBe('Nobody holds this page now.')
    for (const facts of [
      { count: 0, mine: true },
      { count: undefined, mine: true },
      { count: undefined, mine: false },
    ]) {
      expect(countSentence(facts)).not.toMatch(/nobody|\d/i)
    }
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
    expect(refusalSentence(new TypeError('some bug'), { size: 1 })).toContain('some bug')
  })

  it('an event says which page it is about, and how it went', () => {
    const sentences = [
      eventSentence({ type: 'hold', key: KEY, size: 5 }),
      eventSentence({ type: 'served', key: KEY, bytes: 5, to: 'peer' }),
      eventSentence({ type: 'fetched', key: KEY, bytes: 5, from: 'peer', ms: 12.4 }),
      eventSentence({ type: 'bad-holder', key: KEY, peer: 'liar', home: 'home', reason: 'wrong bytes' }),
    ]
    for (const sentence of sentences) expect(sentence).toContain('abababab')
    expect(sentences[2]).toContain('12 ms')
    expect(sentences[3]).toContain('wrong bytes')
    expect(eventSentence({ type: 'join-failed', address: 'http://x', reason: 'refused', retryInMs: 2_000 })).toContain('2 seconds')
  })
})

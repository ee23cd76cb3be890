import { expect, it } from 'vitest'
import { MAX_SOURCES, Sources } from '../../../browser/activity/sources.ts'
import { wayText } from '../../../browser/words/progress-sentence.ts'

it('sources: the way changes with the newest piece, and only when that came another way', () => {
  const sources = new Sources()
  let changes = 0
  sources.ways.subscribe(() => changes++)
  for (const [from, isDirect] of [
    ['a', true],
    ['b', true],
    ['home', false],
    ['home', false],
    ['other', false],
    ['a', true],
  ] as const)
    sources.add('x', from, isDirect)
  expect(sources.ways.get().get('x')).toEqual({ isDirect: true })
  expect(changes).toBe(4)
})

it('sources: contents are bounded, oldest out first', () => {
  const sources = new Sources()
  for (let i = 0; i <= MAX_SOURCES; i++) sources.add(`content ${i}`, 'a', true)
  expect(sources.ways.get().size).toBe(MAX_SOURCES)
  expect(sources.ways.get().has('content 0')).toBe(false)
})

it('sources: the text is "direct", or names the node', () => {
  expect(wayText({ isDirect: true })).toBe('direct')
  expect(wayText({ isDirect: false, node: '12D3KooWabcdef' })).toContain('abcdef')
})

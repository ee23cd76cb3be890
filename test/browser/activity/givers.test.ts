import { expect, it } from 'vitest'
import { GIVERS_DEFAULTS, Givers } from '../../../browser/activity/givers.ts'
import { wayText } from '../../../browser/words/way-sentence.ts'

it('givers: the way of the newest piece is told, and only when it is another one', () => {
  const givers = new Givers()
  let changes = 0
  givers.ways.subscribe(() => changes++)
  for (const [from, isDirect] of [
    ['a', true],
    ['b', true],
    ['home', false],
    ['home', false],
    ['other', false],
    ['a', true],
  ] as const)
    givers.add('x', from, isDirect)
  expect(givers.ways.get().get('x')).toEqual({ isDirect: true })
  expect(changes).toBe(4)
})

it('givers: contents are bounded, oldest out first', () => {
  const givers = new Givers()
  for (let i = 0; i <= GIVERS_DEFAULTS.maxContents; i++) givers.add(`content ${i}`, 'a', true)
  expect(givers.ways.get().size).toBe(GIVERS_DEFAULTS.maxContents)
  expect(givers.ways.get().has('content 0')).toBe(false)
})

it('givers: the words say "direct", or which node', () => {
  expect(wayText({ isDirect: true })).toBe('direct')
  expect(wayText({ isDirect: false, node: '12D3KooWabcdef' })).toContain('abcdef')
})

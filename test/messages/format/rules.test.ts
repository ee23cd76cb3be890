import { expect, test } from 'vitest'
import { checkRules, passesRules, type RuledMessage } from '../../../node/messages/format/rules.ts'
import type { TapRule } from '../../../node/messages/types.ts'

const ANNA = `${'a'.repeat(51)}q`
const BEN = `${'b'.repeat(51)}a`

const OPEN: RuledMessage = {
  from: ANNA,
  isSealed: false,
  type: 'text/plain',
  fields: { room: 'kitchen', lang: 'en', empty: '', name: 'é' },
  body: new TextEncoder().encode('hello'),
}
const SEALED: RuledMessage = { ...OPEN, isSealed: true }
const BINARY: RuledMessage = { ...OPEN, body: Uint8Array.of(0xff, 0xfe) }

test.each<[string, readonly TapRule[], RuledMessage, boolean]>([
  ['no rules', [], OPEN, true],
  ['no rules, sealed', [], SEALED, true],
  ['an empty rule', [{}], OPEN, true],
  ['an empty rule, sealed', [{}], SEALED, true],
  ['empty tests', [{ is: {}, has: [] }], OPEN, true],
  ['a field that is so', [{ is: { room: 'kitchen' } }], OPEN, true],
  ['a field that is otherwise', [{ is: { room: 'hall' } }], OPEN, false],
  ['a field that begins so', [{ is: { room: 'kit' } }], OPEN, false],
  ['a field in other case', [{ is: { room: 'Kitchen' } }], OPEN, false],
  ['a field that is not there', [{ is: { colour: 'red' } }], OPEN, false],
  ['nothing, of a field that is not there', [{ is: { colour: '' } }], OPEN, false],
  ['nothing, of an empty field', [{ is: { empty: '' } }], OPEN, true],
  ['two fields that are so', [{ is: { room: 'kitchen', lang: 'en' } }], OPEN, true],
  ['two fields, one otherwise', [{ is: { room: 'kitchen', lang: 'de' } }], OPEN, false],
  ['has a field', [{ has: ['room'] }], OPEN, true],
  ['has an empty field', [{ has: ['empty'] }], OPEN, true],
  ['has no such field', [{ has: ['colour'] }], OPEN, false],
  ['has two fields', [{ has: ['room', 'lang'] }], OPEN, true],
  ['has one of two fields', [{ has: ['room', 'colour'] }], OPEN, false],
  ['has what every object has', [{ has: ['constructor'] }], OPEN, false],
  ['is and has, both right', [{ is: { lang: 'en' }, has: ['room'] }], OPEN, true],
  ['is right, has wrong', [{ is: { lang: 'en' }, has: ['colour'] }], OPEN, false],
  ['is wrong, has right', [{ is: { lang: 'de' }, has: ['room'] }], OPEN, false],
  ['the second of two rules', [{ is: { room: 'hall' } }, { has: ['lang'] }], OPEN, true],
  ['none of two rules', [{ is: { room: 'hall' } }, { has: ['colour'] }], OPEN, false],
  ['halves of two rules', [{ is: { room: 'kitchen', lang: 'de' } }, { is: { room: 'hall', lang: 'en' } }], OPEN, false],
  ['the sender', [{ is: { from: ANNA } }], OPEN, true],
  ['another sender', [{ is: { from: BEN } }], OPEN, false],
  ['any of two senders', [{ is: { from: BEN } }, { is: { from: ANNA } }], OPEN, true],
  ['the type', [{ is: { type: 'text/plain' } }], OPEN, true],
  ['another type', [{ is: { type: 'text/html' } }], OPEN, false],
  ['the body', [{ is: { body: 'hello' } }], OPEN, true],
  ['a part of the body', [{ is: { body: 'hell' } }], OPEN, false],
  ['what every message has', [{ has: ['from', 'type', 'body'] }], OPEN, true],
  ['a field beyond ASCII', [{ is: { name: 'é' } }], OPEN, true],
  ['a field that only looks the same', [{ is: { name: 'e\u0301' } }], OPEN, false],
  ['a body that is no text', [{ is: { body: '\ufffd\ufffd' } }], BINARY, false],
  ['the sender, sealed', [{ is: { from: ANNA } }], SEALED, true],
  ['another sender, sealed', [{ is: { from: BEN } }], SEALED, false],
  ['has a sender, sealed', [{ has: ['from'] }], SEALED, true],
  ['a field, sealed', [{ is: { room: 'kitchen' } }], SEALED, false],
  ['has a body, sealed', [{ has: ['body'] }], SEALED, false],
  ['the type, sealed', [{ is: { type: 'text/plain' } }], SEALED, false],
  ['the sender and a field, sealed', [{ is: { from: ANNA }, has: ['room'] }], SEALED, false],
])('rules: %s', (_, rules, message, passes) => {
  expect(passesRules(checkRules(rules), message)).toBe(passes)
})

const MANY = Array.from({ length: 17 }, (_, i) => `f${i}`)

test.each<[string, unknown]>([
  ['no list', {}],
  ['no object', ['is']],
  ['nothing', [null]],
  ['a list in the list', [[]]],
  ['another word', [{ isnt: { room: 'hall' } }]],
  ['is, a list', [{ is: ['room'] }]],
  ['is, a number', [{ is: { room: 1 } }]],
  ['has, a text', [{ has: 'room' }]],
  ['has, a number', [{ has: [1] }]],
  ['a name in capitals', [{ has: ['Room'] }]],
  ['no name', [{ has: [''] }]],
  ['a name that is too long', [{ has: ['n'.repeat(33)] }]],
  ['a value that is too long', [{ is: { room: 'é'.repeat(129) } }]],
  ['half a character', [{ is: { room: '\ud800' } }]],
  ['a sender that is no hashname', [{ is: { from: 'anna' } }]],
  ['too many rules', Array.from({ length: 17 }, () => ({}))],
  ['too many tests', [{ has: MANY }]],
  ['too many tests together', [{ has: MANY.slice(0, 8), is: Object.fromEntries(MANY.slice(0, 9).map((name) => [name, ''])) }]],
])('rules: %s is refused', (_, rules) => {
  expect(() => checkRules(rules)).toThrow(expect.objectContaining({ code: 'ERR_BAD_RULE' }))
})

test('rules: the most that may be is taken, as it was', () => {
  const rules = Array.from({ length: 16 }, () => ({ is: { room: 'é'.repeat(128) }, has: MANY.slice(0, 15) }))
  expect(checkRules(rules)).toEqual(rules)
})

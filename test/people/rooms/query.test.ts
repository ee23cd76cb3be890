import { expect, test } from 'vitest'
import { MayflyError } from '../../../node/errors.ts'
import { resolveQuery } from '../../../node/people/rooms/query.ts'
import type { Person } from '../../../node/people/types.ts'

const person = (relation: Person['relation'], account: string, instance: string, alias?: string): Person => ({
  account,
  alias,
  instance,
  relation,
})

const PRESENT = [
  person('own', 'me', 'me-2'),
  person('own', 'me', 'me-3'),
  person('contact', 'ann', 'ann-1', 'Ann'),
  person('contact', 'ann', 'ann-2', 'Ann'),
  person('contact', 'ben', 'ben-1', 'ann-1'), // an alias that is written like another's instance
  person('stranger', 'eve', 'eve-1'),
]
const CONTACTS = [
  { account: 'ann', alias: 'Ann', state: 'trusted' },
  { account: 'ben', alias: 'ann-1', state: 'trusted' },
  { account: 'cid', alias: 'Cid', state: 'trusted' },
  { account: 'dan', alias: 'Dan', state: 'blocked' },
] as const

const named = (query: string) => resolveQuery(query, { present: PRESENT, contacts: () => CONTACTS }).map(({ instance }) => instance)

test.each([
  ['*', ['me-2', 'me-3', 'ann-1', 'ann-2', 'ben-1', 'eve-1']],
  ['Us', ['me-2', 'me-3']],
  ['Ann', ['ann-1', 'ann-2']],
  ['ann', ['ann-1', 'ann-2']],
  ['ann-1', ['ann-1']],
  ['ben', ['ben-1']],
  ['me', ['me-2', 'me-3']],
  ['eve-1', ['eve-1']],
])('a query: %s names exactly %j', (query, instances) => {
  expect(named(query)).toEqual(instances)
})

test('a query: "*" and "Us" may name none; any other that names none has a code, and says whether there is such a contact', () => {
  const nobody = (query: string) => {
    try {
      return resolveQuery(query, { present: [], contacts: () => CONTACTS })
    } catch (error) {
      expect(error).toBeInstanceOf(MayflyError)
      expect((error as MayflyError).code).toBe('ERR_NOBODY')
      return (error as MayflyError).message
    }
  }
  expect(nobody('*')).toEqual([])
  expect(nobody('Us')).toEqual([])
  expect(nobody('Cid')).toContain('not here now')
  expect(nobody('Dan')).toContain('blocked')
  expect(nobody('toString')).toContain('Nobody here is called')
})

/** Reads a query: the instances that it names, among those who are there. */

import { MayflyError } from '../../errors.ts'
import type { Contact, Person, Query } from '../types.ts'

/** Everybody: all that are there, but this instance. */
export const EVERYBODY = '*'
/** This account's other instances. */
export const US = 'Us'

/** Characters of a query that an error shows. */
const SHOWN = 60

export interface QueryTerms {
  /** Instances that are there now, without this one. */
  present: readonly Person[]
  /** Contacts by their aliases tell "is not here" from "nobody has that name". */
  contacts(): readonly Pick<Contact, 'account' | 'alias' | 'state'>[]
  /** Where it is asked, for the words of the error; undefined outside rooms. */
  room?: string | undefined
}

/**
 * The instances that the query names. Ids come before aliases: an alias that is written like the id of somebody else never takes that one's calls.
 *
 * @throws {MayflyError} ERR_NOBODY, when it names somebody who is not there, or nobody; `"*"` and `"Us"` may name none
 */
export function resolveQuery(query: Query, { present, contacts, room }: QueryTerms): Person[] {
  if (query === EVERYBODY) return [...present]
  if (query === US) return present.filter(({ relation }) => relation === 'own')
  const byInstance = present.filter(({ instance }) => instance === query)
  if (byInstance.length > 0) return byInstance
  const byAccount = present.filter(({ account }) => account === query)
  if (byAccount.length > 0) return byAccount
  const byAlias = present.filter(({ alias }) => alias === query)
  if (byAlias.length > 0) return byAlias
  const contact = contacts().find(({ account, alias }) => account === query || alias === query)
  throw new MayflyError('ERR_NOBODY', absence(query, contact?.state, room))
}

function absence(query: string, state: Contact['state'] | undefined, room: string | undefined): string {
  const name = JSON.stringify(query.slice(0, SHOWN))
  const where = room === undefined ? 'here' : `in the room ${JSON.stringify(room)}`
  if (state === 'blocked') return `${name} is blocked: unblock this contact first`
  if (state === 'trusted') return `${name} is not ${where} now: no tab or node of this contact is online`
  return `Nobody ${where} is called ${name}: expected "${EVERYBODY}", "${US}", an alias of a contact, an account, or an instance that is there`
}

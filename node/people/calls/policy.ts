/** Policies of modules and channels: a caller is let in by who it is, before anything that it sent is read. */

import type { CallPolicy, Person } from '../types.ts'

/** A module, or the taker of channels of a name. Its policy is left out for contacts and own instances. */
export interface Guarded {
  policy?: CallPolicy | undefined
}

/** @param inRoom true in a room, whose members may always */
export function isAllowed({ policy = 'contacts' }: Guarded, person: Person, inRoom: boolean): boolean {
  if (inRoom) return typeof policy !== 'function' || isChosen(policy, person)
  if (typeof policy === 'function') return isChosen(policy, person)
  if (policy === 'anyone') return true
  return person.relation === 'own' || (policy === 'contacts' && person.relation === 'contact')
}

/** True when a stranger may be let in by one of them: else a stranger's session is refused before its first frame. */
export function letsStrangersIn(all: Iterable<Guarded>): boolean {
  for (const { policy } of all) if (policy === 'anyone' || typeof policy === 'function') return true
  return false
}

/** A policy that fails lets nobody in. */
function isChosen(policy: (person: Person) => boolean, person: Person): boolean {
  try {
    return policy(person) === true
  } catch {
    return false
  }
}

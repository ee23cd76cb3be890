/** Those to whom offers go, and from whom they come: contacts that are trusted, and this account's own other instances. */

import { MayflyError } from '../../errors.ts'
import type { People } from '../../people/types.ts'
import type { AbortOptions } from '../../types.ts'
import { encodeMessage, OFFER_MODULE, type OffersMessage } from './offer-message.ts'

/** A target that stands for this account's other instances. */
export const US = 'Us'
/** How long an instance may take to answer, in ms. */
const ANSWER_MS = 30_000

export type OfferPeople = Pick<People, 'account' | 'contacts' | 'present' | 'on' | 'get' | 'module'>

export type Correspondents = ReturnType<typeof createCorrespondents>

export function createCorrespondents({ account, contacts, present, get }: Pick<OfferPeople, 'account' | 'contacts' | 'present' | 'get'>) {
  const trusted = () => contacts.list().filter(({ state }) => state === 'trusted')

  /** @returns what it answers; undefined when it is not there, or has no answer */
  async function tell(instance: string, message: OffersMessage, { signal }: AbortOptions = {}): Promise<unknown> {
    try {
      const options = { timeoutMs: ANSWER_MS, ...(signal && { signal }) }
      const [answer] = await get(instance).message(OFFER_MODULE, encodeMessage(message), options).settled()
      return answer !== undefined && 'value' in answer ? answer.value : undefined
    } catch {
      signal?.throwIfAborted()
      return undefined // it has gone meanwhile
    }
  }

  return {
    self: account.id,
    tell,
    instancesOf: (id: string): string[] =>
      present()
        .filter((person) => person.account === id)
        .map(({ instance }) => instance),
    /** Offers go to them, and come from them. */
    isTrusted: (id: string): boolean => id === account.id || trusted().some((contact) => contact.account === id),
    /**
     * The account of an alias, of itself, or of `"Us"`.
     *
     * @throws {MayflyError} ERR_NOBODY
     */
    mustFind(target: string): string {
      if (target === US || target === account.id) return account.id
      const known = contacts.list().find((contact) => contact.account === target || contact.alias === target)
      if (known?.state === 'trusted') return known.account
      const shown = JSON.stringify(String(target).slice(0, 60))
      const why = known === undefined ? `No contact is called ${shown}` : `${shown} is blocked: unblock this contact first`
      throw new MayflyError('ERR_NOBODY', why)
    },
  }
}

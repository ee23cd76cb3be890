/** Offers of files between contacts, and between the instances of one account. One module carries them: whoever calls it is proven. */

import { createEmitter } from '../../async/emitter.ts'
import { MayflyError } from '../../errors.ts'
import type { RecordStore } from '../../people/account/record-store.ts'
import { openStoredRecord } from '../../people/account/stored-record.ts'
import type { Person, Schema, Value } from '../../people/types.ts'
import type { OfferRule, Offers } from '../offer-types.ts'
import type { Sharing } from '../types.ts'
import { createCorrespondents, type OfferPeople } from './correspondents.ts'
import { createMadeOffers } from './made-offers.ts'
import { decodeMessage, encodeAnswer, encodeReply, OFFER_MODULE, type OffersMessage } from './offer-message.ts'
import { KEPT_LIMITS, MADE_FORM, RECEIVED_FORM, RULES_FORM } from './offer-records.ts'
import { createReceivedOffers } from './received-offers.ts'

export interface OffersContext {
  people: OfferPeople
  /** The account's. */
  store: RecordStore
  /** May be of another peer than the people. */
  openSharing(): Promise<Pick<Sharing, 'share' | 'receive'>>
  /** Network time, in ms. */
  now(): number
  monotonic(): number
}

export interface OffersService extends Offers {
  start(): void
  stop(): void
}

/** Calls of one account under way at once: each offer is one. */
const MAX_CALLS = 32

/** @throws {MayflyError} ERR_NOT_STORED; ERR_BAD_FRAME: a record is damaged */
export async function createOffers({ people, store, openSharing, now, monotonic }: OffersContext): Promise<OffersService> {
  const records = { made: await openStoredRecord(store, MADE_FORM), received: await openStoredRecord(store, RECEIVED_FORM) }
  const rules = await openStoredRecord(store, RULES_FORM)
  const changes = createEmitter<void>()
  const correspondents = createCorrespondents(people)
  const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length))
  const shared = { correspondents, openSharing, now, monotonic, randomBytes }
  const made = createMadeOffers({ ...shared, record: records.made })
  const received = createReceivedOffers({ ...shared, record: records.received, ruleOf })
  const ends: (() => void)[] = [
    records.made.close,
    records.received.close,
    rules.close,
    ...[made, received, rules, records.made].map(({ onChange }) => onChange(changes.emit)),
  ]

  function ruleOf(account: string): OfferRule {
    if (account === correspondents.self) return 'always'
    return rules.value.find(([other]) => other === account)?.[1] ?? 'ask'
  }

  async function take(message: OffersMessage, caller: Person): Promise<Value> {
    switch (message.type) {
      case 'offer':
        return encodeAnswer(await received.offered(message, caller))
      case 'answer':
        return encodeReply(await made.takeAnswer(message.offer, caller, message.answer))
      case 'over':
        await received.over(message.offer, caller.account, message.reason)
        return null
    }
  }

  function check(): void {
    made.check()
    received.check()
  }

  return {
    make: made.make,
    made: made.list,
    received: received.list,
    onOffer: received.onOffer,
    onChange: changes.on,
    ruleOf: (contact) => ruleOf(correspondents.mustFind(contact)),
    async setRule(contact, rule) {
      const account = correspondents.mustFind(contact)
      if (account === correspondents.self) throw new MayflyError('ERR_BAD_OPTION', 'Instances of this account are never asked about')
      if (rule !== 'ask' && rule !== 'always' && !(Number.isSafeInteger(rule?.upTo) && rule.upTo > 0))
        throw new MayflyError('ERR_BAD_OPTION', "Not a rule for offers: expected 'ask', 'always' or { upTo: a number of bytes }")
      await rules.change((all) => {
        const others = all.filter(([other]) => other !== account && correspondents.isTrusted(other))
        return rule === 'ask' ? others : [...others, [account, rule] as const].slice(-KEPT_LIMITS.maxRules)
      })
    },
    start(): void {
      made.start()
      received.start()
      ends.push(
        people.module(OFFER_MODULE, (message, { caller }) => take(message as OffersMessage, caller), {
          input: MESSAGE,
          maxCallsPerCaller: MAX_CALLS,
        }),
        people.on('peerconnect', ({ person }) => made.meet(person.account, person.instance)),
        people.on('peerdisconnect', ({ person }) => made.leave(person.account, person.instance)),
        people.contacts.onChange(check),
      )
      check()
    },
    stop(): void {
      for (const end of ends) end()
      made.stop()
      received.stop()
    },
  }
}

const MESSAGE: Schema<OffersMessage> = {
  '~standard': {
    version: 1,
    vendor: 'mayfly',
    validate(value) {
      try {
        return { value: decodeMessage(value) }
      } catch (error) {
        return { issues: [{ message: error instanceof Error ? error.message : String(error) }] }
      }
    },
  },
}

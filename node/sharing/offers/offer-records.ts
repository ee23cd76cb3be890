/** Offers as they are kept beside the account: those that it has made, those that it has taken, and its rules. Pure. */

import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import {
  readArray,
  readBoolean,
  readBytes,
  readBytesUpTo,
  readInteger,
  readOptional,
  readText,
  readTuple,
  readWord,
} from '../../network/index.ts'
import type { RecordForm } from '../../people/account/stored-record.ts'
import { LINK_SECRET_BYTES, type LinkSecrets } from '../format/share-link.ts'
import type { MadeOffer, OfferRule } from '../offer-types.ts'
import { OFFER_ID_BYTES, OFFER_LIMITS, RECEIVER_BYTES } from './offer-message.ts'

export interface KeptOffer {
  offer: Uint8Array
  /** 52 base32 characters. */
  account: string
  share: LinkSecrets
  words: string
  count: number
  bytes: number
  atMs: number
}

export interface KeptMade extends KeptOffer {
  /** 'withdrawn': taken back, and remembered for those who have not heard of it. */
  state: Exclude<MadeOffer['state'], 'asked'> | 'withdrawn'
  text: string
  receiver: Uint8Array | undefined
  /** The share was made with the offer, and ends with it. */
  isOwn: boolean
  snapshot: Uint8Array | undefined
}

/** To be received, until it is complete. */
export interface KeptTaken extends KeptOffer {
  alias: string | undefined
  receiver: Uint8Array
}

/** Over, remembered for a sender who has not heard of it. */
export interface KeptOver {
  offer: Uint8Array
  account: string
  state: 'done' | 'refused' | 'over'
}

export interface KeptReceived {
  taken: readonly KeptTaken[]
  over: readonly KeptOver[]
}

export const KEPT_LIMITS = {
  /** Offers of this account that are not over, and of those for one account; those that are over and not closed. */
  maxMade: 64,
  maxMadePerAccount: 16,
  maxMadeOver: 64,
  /** Bytes of the record of made offers. Entries take more once they were read. */
  maxBytes: 4_194_304,
  maxTaken: 64,
  maxOver: 256,
  maxRules: 4_096,
} as const

const VERSION = 1
const MAX_ACCOUNT_LENGTH = 64
const MAX_ALIAS_LENGTH = 256
const MADE = { waiting: 0, taken: 1, done: 2, refused: 3, ended: 4, withdrawn: 5 } as const
const OVER = { done: 0, refused: 1, over: 2 } as const

export const MADE_FORM: RecordForm<readonly KeptMade[]> = {
  name: 'offers-made',
  encode: (all) =>
    encodeCanonical([
      VERSION,
      all.map((each) => [...offerFields(each), MADE[each.state], each.text, each.receiver ?? null, each.isOwn, each.snapshot ?? null]),
    ]),
  decode: (bytes) =>
    bytes === undefined
      ? []
      : decodeList('the offers of an account', bytes, (list) =>
          readArray(list, 'offers', KEPT_LIMITS.maxMade + KEPT_LIMITS.maxMadeOver, readMade),
        ),
}

export const RECEIVED_FORM: RecordForm<KeptReceived> = {
  name: 'offers-received',
  encode: ({ taken, over }) =>
    encodeCanonical([
      VERSION,
      [
        taken.map((each) => [...offerFields(each), each.alias ?? null, each.receiver]),
        over.map(({ offer, account, state }) => [offer, account, OVER[state]]),
      ],
    ]),
  decode(bytes) {
    if (bytes === undefined) return { taken: [], over: [] }
    return decodeList('the offers for an account', bytes, (list) => {
      const [taken, over] = readTuple(list, 'offers', 2)
      return {
        taken: readArray(taken, 'taken', KEPT_LIMITS.maxTaken, readTaken),
        over: readArray(over, 'over', KEPT_LIMITS.maxOver, readOver),
      }
    })
  },
}

/** By account; 'ask' is left out. */
export type KeptRules = readonly (readonly [account: string, rule: Exclude<OfferRule, 'ask'>])[]

export const RULES_FORM: RecordForm<KeptRules> = {
  name: 'offers-rules',
  encode: (rules) => encodeCanonical([VERSION, rules.map(([account, rule]) => [account, rule === 'always' ? null : rule.upTo])]),
  decode: (bytes) =>
    bytes === undefined
      ? []
      : decodeList('the rules for offers', bytes, (list) => readArray(list, 'rules', KEPT_LIMITS.maxRules, readRule)),
}

function decodeList<T>(what: string, bytes: Uint8Array, read: (list: unknown) => T): T {
  return decodeCanonical(what, bytes, KEPT_LIMITS.maxBytes, (value) => {
    const [version, list] = mustBeArray(value, 2)
    if (version !== VERSION) throw new Error(`version ${String(version)}`)
    return read(list)
  })
}

const offerFields = ({ offer, account, share, words, count, bytes, atMs }: KeptOffer) => [
  offer,
  account,
  share.id,
  share.secret,
  words,
  count,
  bytes,
  atMs,
]

const OFFER_FIELDS = 8

function readOffer([offer, account, id, secret, words, count, bytes, atMs]: readonly unknown[]): KeptOffer {
  return {
    offer: readBytes(offer, 'offer', OFFER_ID_BYTES),
    account: readText(account, 'account', MAX_ACCOUNT_LENGTH),
    share: { id: readBytes(id, 'share', 32), secret: readBytes(secret, 'secret', LINK_SECRET_BYTES) },
    words: readText(words, 'words', OFFER_LIMITS.maxWordsLength),
    count: readInteger(count, 'count'),
    bytes: readInteger(bytes, 'bytes'),
    atMs: readInteger(atMs, 'time'),
  }
}

const readReceiver = (value: unknown) => readBytes(value, 'receiver', RECEIVER_BYTES)

function readMade(value: unknown): KeptMade {
  const fields = readTuple(value, 'offer', OFFER_FIELDS + 5)
  const [state, text, receiver, isOwn, snapshot] = fields.slice(OFFER_FIELDS)
  return {
    ...readOffer(fields),
    state: readWord(state, 'state', MADE),
    text: readText(text, 'text', OFFER_LIMITS.maxTextLength),
    receiver: readOptional(receiver, 'receiver', readReceiver),
    isOwn: readBoolean(isOwn, 'own'),
    snapshot: readOptional(snapshot, 'snapshot', (it) => readBytesUpTo(it, 'snapshot', KEPT_LIMITS.maxBytes)),
  }
}

function readTaken(value: unknown): KeptTaken {
  const fields = readTuple(value, 'offer', OFFER_FIELDS + 2)
  const [alias, receiver] = fields.slice(OFFER_FIELDS)
  return {
    ...readOffer(fields),
    alias: readOptional(alias, 'alias', (text) => readText(text, 'alias', MAX_ALIAS_LENGTH)),
    receiver: readReceiver(receiver),
  }
}

function readOver(value: unknown): KeptOver {
  const [offer, account, state] = readTuple(value, 'offer', 3)
  return {
    offer: readBytes(offer, 'offer', OFFER_ID_BYTES),
    account: readText(account, 'account', MAX_ACCOUNT_LENGTH),
    state: readWord(state, 'state', OVER),
  }
}

function readRule(value: unknown): KeptRules[number] {
  const [account, upTo] = readTuple(value, 'rule', 2)
  const bytes = readOptional(upTo, 'bytes', readInteger)
  return [readText(account, 'account', MAX_ACCOUNT_LENGTH), bytes === undefined ? 'always' : { upTo: bytes }]
}

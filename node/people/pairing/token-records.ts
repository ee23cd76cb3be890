/**
 * Tokens that this account has given out, as they are stored: who claims one, and how often its code was guessed wrongly, is written before anybody
 * is told. All tabs that share the store count in one record.
 */

import { decode, encode } from 'cborg'
import { createEmitter } from '../../async/emitter.ts'
import { MayflyError } from '../../errors.ts'
import { equalBytes } from '../../keys/index.ts'
import type { RecordStore } from '../account/record-store.ts'
import type { SpokenCode } from '../format/code.ts'
import type { PairingRefusal } from '../format/pairing-frames.ts'
import { type PairingKind, termsOf } from '../format/token.ts'

export const TOKEN_LIMITS = {
  /** Tokens that wait to be claimed. */
  maxOpen: 16,
  /** How long a token may be claimed, in ms. */
  lifetimeMs: 600_000,
  /** How long after that claimers are told what became of it, in ms. */
  afterlifeMs: 600_000,
  /** Wrong guesses at a code, after which its token ends. */
  maxWrongGuesses: 3,
} as const

/** Open, ended and claimed tokens that are remembered; of those that have ended the oldest goes first. */
const MAX_RECORDS = 64
const RECORD = 'tokens'

export interface TokenRecord {
  token: Uint8Array
  /** Null: nobody finds it but by its token. */
  code: SpokenCode | null
  kind: PairingKind
  role: 'owner' | 'device'
  alias: string
  expiresAtMs: number
  state: 'open' | 'claimed' | 'burnt' | 'cancelled'
  wrongGuesses: number
  claim: TokenClaim | null
}

export interface TokenClaim {
  account: Uint8Array
  place: Uint8Array
  /** For a device, the public key of the place that is added; for a contact empty. */
  gift: Uint8Array
  atMs: number
  /** The verification words of the last exchange, and whether the claimer said that it was done. */
  words: string[]
  isDone: boolean
}

/** The outcome of a guess. */
export type GuessOutcome = { claim: TokenClaim; record: TokenRecord } | PairingRefusal

export type TokenRecords = Awaited<ReturnType<typeof openTokenRecords>>

/** Why nobody can claim the token now; undefined when its claimer may. */
export function refuseToken(record: TokenRecord | undefined, nowMs: number): PairingRefusal | undefined {
  if (record === undefined) return 'unknown'
  if (record.state === 'burnt') return 'burnt'
  if (record.state === 'cancelled') return 'cancelled'
  return record.claim === null && nowMs >= record.expiresAtMs ? 'expired' : undefined
}

/** The same claimer may come again, when it does not know whether its claim was taken. */
function isSameClaimer({ account, place }: TokenClaim, kind: PairingKind, again: TokenClaim): boolean {
  return equalBytes(account, again.account) && (kind === 'contact' || equalBytes(place, again.place))
}

export async function openTokenRecords({ store, now }: { store: RecordStore; now(): number }) {
  let records = decodeRecords(await store.load(RECORD))

  const isOver = ({ expiresAtMs }: TokenRecord) => now() >= expiresAtMs + TOKEN_LIMITS.afterlifeMs
  const byToken = (list: readonly TokenRecord[], token: Uint8Array) => list.find((record) => equalBytes(record.token, token))

  const changes = createEmitter<void>()
  /** Another tab may have changed the record. */
  const endListening = store.onChange((name) => {
    if (name === RECORD) store.load(RECORD).then(take, () => {})
  })

  function take(bytes: Uint8Array | undefined): void {
    records = decodeRecords(bytes)
    changes.emit()
  }

  /** @param change returns false when nothing is to be written */
  async function update(change: (stored: TokenRecord[]) => boolean): Promise<void> {
    const bytes = await store.change(RECORD, (before) => {
      const stored = decodeRecords(before).filter((record) => !isOver(record))
      return change(stored) ? encodeRecords(stored) : undefined
    })
    take(bytes)
  }

  return {
    /** Tokens of which claimers are told something. */
    list: () => records.filter((record) => !isOver(record)),
    find: (token: Uint8Array) => byToken(records, token),
    /** @throws {MayflyError} ERR_LIMIT, ERR_NOT_STORED */
    async add(record: TokenRecord): Promise<void> {
      await update((stored) => {
        const open = stored.filter((other) => other.state === 'open' && other.expiresAtMs > now())
        if (open.length >= TOKEN_LIMITS.maxOpen)
          throw new MayflyError('ERR_LIMIT', `Cannot make a token: ${TOKEN_LIMITS.maxOpen} wait to be claimed, which is the limit`)
        stored.push(record)
        const ended = stored.filter((other) => !open.includes(other) && other !== record)
        for (const old of ended.slice(0, Math.max(0, stored.length - MAX_RECORDS))) stored.splice(stored.indexOf(old), 1)
        return true
      })
    },
    /** Takes the token back, when nobody has claimed it. */
    cancel: (token: Uint8Array) =>
      update((stored) => {
        const record = byToken(stored, token)
        if (record?.state !== 'open') return false
        record.state = 'cancelled'
        return true
      }),
    /**
     * Judges a guess where it is counted, so that of many at once no more than the limit are judged, and one claims.
     *
     * @param judge the claim, when the guess is right; undefined, when it is wrong
     */
    async guess(token: Uint8Array, isCode: boolean, judge: () => TokenClaim | PairingRefusal): Promise<GuessOutcome> {
      let outcome: GuessOutcome = 'unknown'
      await update((stored) => {
        const record = byToken(stored, token)
        const refusal = refuseToken(record, now())
        if (record === undefined || refusal !== undefined) {
          outcome = refusal ?? 'unknown'
          return false
        }
        const judged = judge()
        const { claim } = record
        if (typeof judged === 'string') {
          // Nobody learns from a token that is used whether a guess is right; and nobody comes upon the secret of a token by guessing.
          outcome = claim !== null && judged === 'wrong' ? 'used' : judged
          if (claim !== null || judged !== 'wrong' || !isCode) return false
          record.wrongGuesses++
          if (record.wrongGuesses >= TOKEN_LIMITS.maxWrongGuesses) record.state = 'burnt'
          return true
        }
        if (claim !== null && !isSameClaimer(claim, record.kind, judged)) {
          outcome = 'used'
          return false
        }
        record.state = 'claimed'
        // The time of the first claim stays: a removal since then is newer.
        record.claim = { ...judged, atMs: claim?.atMs ?? judged.atMs }
        outcome = { claim: record.claim, record }
        return true
      })
      return outcome
    },
    /** The claimer has what it needs. */
    finish: (token: Uint8Array, words: readonly string[]) =>
      update((stored) => {
        const claim = byToken(stored, token)?.claim ?? null
        if (claim === null || claim.isDone || claim.words.join() !== words.join()) return false
        claim.isDone = true
        return true
      }),
    onChange: changes.on,
    close: endListening,
  }
}

/** Found by the id that a claim names. */
export function isNamedBy(record: TokenRecord, form: 'token' | 'code', id: Uint8Array): boolean {
  if (form === 'token') return equalBytes(termsOf({ form, token: record.token }).id, id)
  return record.code !== null && equalBytes(termsOf({ form, code: record.code }).id, id)
}

const VERSION = 1

function encodeRecords(records: readonly TokenRecord[]): Uint8Array {
  return new Uint8Array(encode([VERSION, records]))
}

function decodeRecords(bytes: Uint8Array | undefined): TokenRecord[] {
  if (bytes === undefined) return []
  try {
    const [version, records] = decode(bytes) as [number, TokenRecord[]]
    if (version !== VERSION) throw new Error(`version ${version}`)
    return records
  } catch (cause) {
    throw new MayflyError('ERR_DAMAGED', 'The stored tokens cannot be read', { cause })
  }
}

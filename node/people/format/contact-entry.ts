/**
 * Entries of a contacts book, as they are stored and as an account's own instances tell each other. Entries of one account merge into one: each of
 * its parts is the newest. So instances that have heard of the same changes, in any order, have the same book.
 */

import { bytesToHex } from '@noble/hashes/utils.js'
import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import { KEY_BYTES } from '../../keys/index.ts'
import { refuseAlias } from './alias.ts'

/** A statement of trust, as trust-statement.ts has it. */
export const MAX_TRUST_BYTES = 512
export const MAX_ENTRY_BYTES = 1_024

export type ContactState = 'trusted' | 'removed' | 'blocked'

/** In the order of their numbers. */
const STATES: readonly ContactState[] = ['trusted', 'removed', 'blocked']

export interface ContactEntry {
  /** Public key, 32 bytes. */
  account: Uint8Array
  /** Empty for a removed contact. */
  alias: string
  state: ContactState
  addedAtMs: number
  /** When alias or state were last changed. */
  changedAtMs: number
  /** Their statement that they trust this account; empty when there is none. It is shown to them: from it they know us after a recovery. */
  trust: Uint8Array
  trustAtMs: number
}

const VERSION = 1
const MAX_TIME_MS = 2 ** 52

export function encodeContactEntry({ account, alias, state, addedAtMs, changedAtMs, trust, trustAtMs }: ContactEntry): Uint8Array {
  return encodeCanonical([VERSION, account, alias, STATES.indexOf(state), addedAtMs, changedAtMs, trust, trustAtMs])
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeContactEntry(bytes: Uint8Array): ContactEntry {
  return decodeCanonical('an entry of a contacts book', bytes, MAX_ENTRY_BYTES, (value) => {
    const [version, account, alias, number, addedAtMs, changedAtMs, trust, trustAtMs] = mustBeArray(value, 8)
    const state = STATES[number as number]
    if (version !== VERSION || state === undefined) throw new Error('its version or its state is unknown')
    const reason = state === 'removed' ? (alias === '' ? undefined : 'a removed contact has no alias') : refuseAlias(alias)
    if (reason !== undefined) throw new Error(reason)
    return {
      account: mustBeBytes(account, (length) => length === KEY_BYTES),
      alias: alias as string,
      state,
      addedAtMs: mustBeTime(addedAtMs),
      changedAtMs: mustBeTime(changedAtMs),
      trust: mustBeBytes(trust, (length) => length <= MAX_TRUST_BYTES),
      trustAtMs: mustBeTime(trustAtMs),
    }
  })
}

function mustBeBytes(value: unknown, isLength: (length: number) => boolean): Uint8Array {
  if (!(value instanceof Uint8Array) || !isLength(value.byteLength)) throw new Error('a public key and a statement were expected')
  return new Uint8Array(value)
}

function mustBeTime(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > MAX_TIME_MS) throw new Error('a time was expected')
  return value as number
}

/** Alias and state of the one that was changed last, and the newer statement. Among equals the larger bytes: the same on each instance. */
export function mergeContacts(a: ContactEntry, b: ContactEntry): ContactEntry {
  const face = isAfter(faceOf(a), faceOf(b)) ? a : b
  const trusting = isAfter([a.trustAtMs, bytesToHex(a.trust)], [b.trustAtMs, bytesToHex(b.trust)]) ? a : b
  return { ...face, addedAtMs: Math.min(a.addedAtMs, b.addedAtMs), trust: trusting.trust, trustAtMs: trusting.trustAtMs }
}

const faceOf = ({ changedAtMs, state, alias }: ContactEntry): [number, string] => [changedAtMs, `${STATES.indexOf(state)}${alias}`]

const isAfter = (a: readonly [number, string], b: readonly [number, string]) => a[0] > b[0] || (a[0] === b[0] && a[1] > b[1])

/** Arguments that a function of the library must refuse, by the kinds of its parameters. */

import { expect } from 'vitest'
import type { PieceStore } from '../../node/index.ts'
import * as node from '../../node/index.ts'

/** The values that a parameter takes. */
export interface Kind {
  /** A value that is taken. */
  readonly good: unknown
  takes(value: unknown): boolean
  /** Of an object. */
  readonly members?: Readonly<Record<string, Kind>>
}

export const HEX = 'ab'.repeat(32)
export const SIGNAL = new AbortController().signal
/** Each is wrong for most parameters. */
export const WRONG: readonly unknown[] = [
  undefined,
  null,
  true,
  5,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  10n,
  'hello',
  HEX.slice(1),
  Symbol('symbol'),
  () => 5,
  [],
  [5],
  {},
  new Date(),
  new Map(),
  Promise.resolve('hello'),
  new AbortController(),
  SIGNAL,
  new Uint8Array(31),
  new Float64Array(4),
]
/** Codes of refused arguments. A peer that is not running is none: the argument is looked at first. */
export const CODES = /^ERR_BAD_(?:INPUT|KEY|OPTION|END|MESSAGE|RULE|FRAME|PATH)$/

export const kind = (good: unknown, takes: (value: unknown) => boolean = () => false): Kind => ({ good, takes })
export const isText = (value: unknown) => typeof value === 'string'
export const isBytes = (value: unknown) => value instanceof Uint8Array
export const isInteger = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
export const isAmount = (value: unknown) => Number.isFinite(value) && (value as number) >= 0

export const KEY = kind(HEX)
export const TEXT = kind('text', isText)
/** Text of some form: there is no telling which of the wrong ones it refuses. */
export const BYTES = kind(new Uint8Array(3), isBytes)
export const DATA = kind('text', (value) => isText(value) || isBytes(value))
export const INTEGER = kind(1, isInteger)
export const MS = kind(1, (value) => isAmount(value))
export const BOOLEAN = kind(true, (value) => value === true)
export const FUNCTION = kind(
  () => {},
  (value) => typeof value === 'function',
)
export const ABORT = kind(SIGNAL, (value) => value === SIGNAL)
export const STORE: PieceStore = { have: new Uint8Array(1), write: async () => {}, read: async () => new Uint8Array(1) }
export const implementation = (good: object): Kind => kind(good)

export const optional = (given: Kind): Kind => ({ ...given, takes: (value) => value === undefined || given.takes(value) })

/** An object with these members and no others. */
export function object(members: Record<string, Kind>): Kind {
  const required = Object.entries(members).filter(([, { takes }]) => !takes(undefined))
  return {
    good: Object.fromEntries(required.map(([name, { good }]) => [name, good])),
    takes: (value) =>
      required.length === 0 && typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype,
    members,
  }
}
/** Options: each may be left out, and all of them. */
export const options = (members: Record<string, Kind>) =>
  optional(object(Object.fromEntries(Object.entries(members).map(([name, given]) => [name, optional(given)]))))
/** Names every member of the type, or does not compile. */
export type Members<T> = Record<keyof T, Kind>

export type Functions<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T]

/** Values that the kind refuses, and objects with such a member. */
function* wrongOf({ good, takes, members }: Kind): Generator<unknown> {
  for (const value of WRONG) if (!takes(value)) yield value
  if (members === undefined) return
  yield { ...(good as object), notAnOption: 1 }
  yield Object.create(good as object) // its members are inherited: the object itself has none
  for (const [name, member] of Object.entries(members)) {
    for (const value of wrongOf(member)) if (value !== undefined || !member.takes(undefined)) yield { ...(good as object), [name]: value }
  }
}

/** How a call ends. An iteration is one, too. */
async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    return error
  }
}

const shown = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? `{ ${Object.entries(value).map(([name, each]) => `${name}: ${String(each)}`)} }`
    : String(value)

export async function mustRefuse(name: string, run: (...args: unknown[]) => unknown, kinds: readonly Kind[]): Promise<void> {
  for (const [index, each] of kinds.entries()) {
    for (const value of wrongOf(each)) {
      const args = kinds.slice(0, index + 1).map(({ good }, i) => (i === index ? value : good))
      const outcome = await outcomeOf(() => run(...args))
      const label = `${name}, argument ${index + 1}: ${shown(value)}`
      expect(outcome, label).toBeInstanceOf(node.MayflyError)
      const { code, message } = outcome as node.MayflyError
      expect(code, `${label}: ${message}`).toMatch(CODES)
      expect(message, label).toMatch(/\S/)
    }
  }
}

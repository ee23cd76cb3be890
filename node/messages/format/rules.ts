/** Rules of a tap: it gets the messages that pass all tests of any rule. */

import { MayflyError } from '../../errors.ts'
import type { Message, TapRule } from '../types.ts'
import { HASHNAME_FORM } from './end.ts'
import { type Payload, refuseFieldName, refuseFieldValue } from './payload.ts'

export const RULE_LIMITS = {
  /** Rules of one tap. */
  maxRules: 16,
  /** Tests of one rule. */
  maxTests: 16,
} as const

/** The parts of a message that rules test. A sealed one has `from` alone. */
export type RuledMessage = Payload & Pick<Message, 'isSealed'> & { /** The sender's hashname. */ from: string }

/**
 * Checks rules that came as JSON or CBOR.
 *
 * @throws {MayflyError} ERR_BAD_RULE
 */
export function checkRules(value: unknown): TapRule[] {
  if (!Array.isArray(value)) throw badRule('a list of rules was expected')
  if (value.length > RULE_LIMITS.maxRules) throw badRule(`at most ${RULE_LIMITS.maxRules} rules`)
  return value.map(checkRule)
}

/** True when the message passes any rule, or there is none. */
export function passesRules(rules: readonly TapRule[], message: RuledMessage): boolean {
  return rules.length === 0 || rules.some((rule) => passesRule(rule, message))
}

function passesRule({ is = {}, has = [] }: TapRule, message: RuledMessage): boolean {
  return (
    has.every((name) => fieldOf(message, name) !== undefined) && Object.entries(is).every(([name, value]) => isField(message, name, value))
  )
}

function isField(message: RuledMessage, name: string, value: string): boolean {
  const field = fieldOf(message, name)
  if (!(field instanceof Uint8Array)) return field === value
  const wanted = new TextEncoder().encode(value)
  return field.byteLength === wanted.byteLength && wanted.every((byte, i) => field[i] === byte)
}

function fieldOf({ from, isSealed, type, fields, body }: RuledMessage, name: string): string | Uint8Array | undefined {
  if (name === 'from') return from
  if (isSealed) return undefined
  if (name === 'type') return type
  if (name === 'body') return body
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

function checkRule(value: unknown): TapRule {
  if (!isRecord(value)) throw badRule('a rule is { is, has }')
  const { is = {}, has = [], ...others } = value
  if (Object.keys(others).length > 0) throw badRule(`a rule has is and has, not ${Object.keys(others).join(', ').slice(0, 80)}`)
  if (!isRecord(is)) throw badRule('`is` has a text for each name')
  if (!Array.isArray(has) || !has.every((name) => typeof name === 'string')) throw badRule('`has` is a list of names')
  const tests = Object.entries(is)
  if (tests.length + has.length > RULE_LIMITS.maxTests) throw badRule(`at most ${RULE_LIMITS.maxTests} tests in a rule`)
  for (const name of [...Object.keys(is), ...has]) mustBe(refuseFieldName(name))
  for (const [name, wanted] of tests) mustBe(refuseValue(name, wanted))
  return {
    ...('is' in value && { is: Object.fromEntries(tests) as Record<string, string> }),
    ...('has' in value && { has: [...(has as string[])] }),
  }
}

function refuseValue(name: string, value: unknown): string | undefined {
  const reason = refuseFieldValue(value)
  if (reason !== undefined || name !== 'from') return reason
  return HASHNAME_FORM.test(value as string) ? undefined : '`from` is a hashname'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mustBe(reason: string | undefined): void {
  if (reason !== undefined) throw badRule(reason)
}

function badRule(reason: string): MayflyError {
  return new MayflyError('ERR_BAD_RULE', `Not a rule of a tap: ${reason}`)
}

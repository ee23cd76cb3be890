/** The settings of an end that this origin listens to: accepted senders and messages. Pure. */

import { type MessageRefusal, RULE_LIMITS, type TapRule } from '../../node/index.ts'

/** 'open': every sender. 'known': senders with a name. 'muted': nobody. */
export type EndPolicy = 'open' | 'known' | 'muted'

export interface EndSettings {
  /** `#name`, or this origin's hashname. */
  end: string
  policy: EndPolicy
  /** For an open end; without rules, every message is accepted. */
  rules: readonly TapRule[]
}

interface KnownSenders {
  /** This origin's own. It counts as known. */
  hashname: string
  /** By hashname. */
  names: ReadonlyMap<string, string>
  muted: ReadonlySet<string>
}

/** One condition: a field exists, or has exactly this value. */
export interface Condition {
  field: string
  /** Undefined: any value. */
  value: string | undefined
}

/** Why a message is refused; undefined when it is accepted. */
export function refuseMessage(from: string, policy: EndPolicy, { hashname, names, muted }: KnownSenders): MessageRefusal | undefined {
  if (muted.has(from) || policy === 'muted') return 'muted'
  return policy === 'known' && from !== hashname && !names.has(from) ? 'unknown-sender' : undefined
}

/** Most conditions of one rule. */
export const MAX_CONDITIONS = RULE_LIMITS.maxTests

/** The rules of a tap for messages that meet all conditions. */
export function rulesOf(conditions: readonly Condition[]): TapRule[] {
  if (conditions.length === 0) return []
  const is = conditions.flatMap(({ field, value }) => (value === undefined ? [] : [[field, value]]))
  const has = conditions.flatMap(({ field, value }) => (value === undefined ? [field] : []))
  return [{ ...(is.length > 0 && { is: Object.fromEntries(is) as Record<string, string> }), ...(has.length > 0 && { has }) }]
}

/** The rules in words; '' when there are none. */
export function rulesText(rules: readonly TapRule[]): string {
  return rules.map(ruleText).join(', or ')
}

function ruleText({ is = {}, has = [] }: TapRule): string {
  return [...Object.entries(is).map(([field, value]) => `${field} is “${value}”`), ...has.map((field) => `${field} exists`)].join(' and ')
}

/** What this origin takes of an end that it listens to: of whom, and which messages. Pure. */

import { type MessageRefusal, RULE_LIMITS, type TapRule } from '../../node/index.ts'

/** 'known': senders with a name, and nobody else. 'muted': nobody, for now. */
export type EndPolicy = 'open' | 'known' | 'muted'

export interface EndSettings {
  /** `#name`, or the own hashname. */
  end: string
  policy: EndPolicy
  /** Of an open end. None: every message. */
  rules: readonly TapRule[]
}

export interface KnownSenders {
  /** The own hashname: one knows oneself. */
  hashname: string
  /** By hashname. */
  names: ReadonlyMap<string, string>
  muted: ReadonlySet<string>
}

/** One condition as a person writes it: a field is there, or is exactly this. */
export interface Condition {
  field: string
  /** Undefined: whatever it is. */
  value: string | undefined
}

/** Why a message is not taken; undefined when it is. */
export function refuseMessage(from: string, { policy }: EndSettings, { hashname, names, muted }: KnownSenders): MessageRefusal | undefined {
  if (muted.has(from) || policy === 'muted') return 'muted'
  return policy === 'known' && from !== hashname && !names.has(from) ? 'unknown-sender' : undefined
}

/** So many conditions go into one rule. */
export const MAX_CONDITIONS = RULE_LIMITS.maxTests

/** All of the conditions, as the rules of a tap. */
export function rulesOf(conditions: readonly Condition[]): TapRule[] {
  if (conditions.length === 0) return []
  const is = conditions.flatMap(({ field, value }) => (value === undefined ? [] : [[field, value]]))
  const has = conditions.flatMap(({ field, value }) => (value === undefined ? [field] : []))
  return [{ ...(is.length > 0 && { is: Object.fromEntries(is) as Record<string, string> }), ...(has.length > 0 && { has }) }]
}

/** The rules, in words; '' when there are none. */
export function rulesText(rules: readonly TapRule[]): string {
  return rules.map(ruleText).join(', or ')
}

function ruleText({ is = {}, has = [] }: TapRule): string {
  return [...Object.entries(is).map(([field, value]) => `${field} is “${value}”`), ...has.map((field) => `${field} is there`)].join(' and ')
}

/**
 * Admission: who may see and receive a share, by its rules and by what has happened. Every decision of a sharer is made here. Looking consumes
 * nothing: a place of a counted share is taken by `take` alone, so a robot that opens the link for a preview uses none. Pure.
 */

import type { ShareCode, ShareRules } from '../types.ts'

export const ADMISSION_LIMITS = {
  /** Wrong passwords after which one receiver is locked out. */
  triesPerReceiver: 3,
  /** Wrong passwords of all after which the share is locked until its sharer unlocks it. */
  tries: 20,
  /** Receivers that are remembered. */
  maxReceivers: 1_024,
} as const

/** One receiver as the sharer remembers it. */
export interface Standing {
  /** It has given the right password. */
  hasPassword: boolean
  wrongPasswords: number
  /** 'none': looks only. 'asking': the sharer is asked. */
  place: 'none' | 'asking' | 'taken' | 'refused'
}

export interface AdmissionState {
  rules: ShareRules
  receivers: Map<string, Standing>
  /** Of all receivers, since it was last unlocked. */
  wrongPasswords: number
  endCode: ShareCode | undefined
}

export type Admission =
  | { do: 'refuse'; code: ShareCode; triesLeft?: number }
  | { do: 'password' }
  | { do: 'list' }
  | { do: 'ask' }
  | { do: 'taken' }

export const createAdmission = (rules: ShareRules): AdmissionState => ({
  rules,
  receivers: new Map(),
  wrongPasswords: 0,
  endCode: undefined,
})

export const isLocked = ({ wrongPasswords }: AdmissionState): boolean => wrongPasswords >= ADMISSION_LIMITS.tries

/** Places that are taken. */
export function placesTaken({ receivers }: AdmissionState): number {
  let count = 0
  for (const { place } of receivers.values()) if (place === 'taken') count++
  return count
}

/** A receiver comes, or comes back. */
export function admitHello(state: AdmissionState, receiver: string, nowMs: number): Admission {
  const standing = state.receivers.get(receiver)
  const closed = closedTo(state, standing, nowMs)
  if (closed !== undefined) return { do: 'refuse', code: closed }
  if (standing === undefined && state.receivers.size >= ADMISSION_LIMITS.maxReceivers) {
    const idle = [...state.receivers].find(([, { place, wrongPasswords }]) => place === 'none' && wrongPasswords === 0)
    if (idle === undefined) return { do: 'refuse', code: 'ERR_SHARE_FULL' }
    state.receivers.delete(idle[0])
  }
  if (standing === undefined) state.receivers.set(receiver, { hasPassword: false, wrongPasswords: 0, place: 'none' })
  return needsPassword(state, standing) ? { do: 'password' } : afterPassword(state, standing)
}

/** A known receiver says a password. */
export function admitPassword(state: AdmissionState, receiver: string, password: string, nowMs: number): Admission {
  const standing = mustKnow(state, receiver)
  const closed = closedTo(state, standing, nowMs)
  if (closed !== undefined) return { do: 'refuse', code: closed }
  if (!needsPassword(state, standing)) return afterPassword(state, standing)
  if (isSamePassword(password, state.rules.password ?? '')) {
    standing.hasPassword = true
    return afterPassword(state, standing)
  }
  standing.wrongPasswords++
  state.wrongPasswords++
  const triesLeft = ADMISSION_LIMITS.triesPerReceiver - standing.wrongPasswords
  if (triesLeft <= 0 || isLocked(state)) return { do: 'refuse', code: 'ERR_SHARE_LOCKED' }
  return { do: 'refuse', code: 'ERR_SHARE_PASSWORD', triesLeft }
}

/** A known receiver wants to have it. */
export function admitTake(state: AdmissionState, receiver: string, nowMs: number): Admission {
  const standing = mustKnow(state, receiver)
  const closed = closedTo(state, standing, nowMs)
  if (closed !== undefined) return { do: 'refuse', code: closed }
  if (needsPassword(state, standing)) return { do: 'password' }
  if (standing.place === 'taken') return { do: 'taken' }
  if (state.rules.ask === true) {
    standing.place = 'asking'
    return { do: 'ask' }
  }
  standing.place = 'taken'
  return { do: 'taken' }
}

/** The sharer has been asked, and answers. */
export function admitAsked(state: AdmissionState, receiver: string, isAdmitted: boolean, nowMs: number): Admission {
  const standing = mustKnow(state, receiver)
  if (standing.place === 'taken' && isAdmitted) return { do: 'taken' }
  standing.place = isAdmitted ? 'none' : 'refused'
  const closed = closedTo(state, standing, nowMs)
  if (closed !== undefined) return { do: 'refuse', code: closed }
  standing.place = 'taken'
  return { do: 'taken' }
}

/** Sends a receiver away, for good. It gives its place back. */
export function dismiss(state: AdmissionState, receiver: string): void {
  mustKnow(state, receiver).place = 'refused'
}

/** Wrong passwords are forgotten. */
export function unlock(state: AdmissionState): void {
  state.wrongPasswords = 0
  for (const standing of state.receivers.values()) standing.wrongPasswords = 0
}

/** Why the share is closed to a receiver now; undefined when it is not. A receiver that has a place keeps it when the time is over. */
function closedTo(state: AdmissionState, standing: Standing | undefined, nowMs: number): ShareCode | undefined {
  const { rules, endCode } = state
  const hasPlace = standing?.place === 'taken'
  if (endCode !== undefined && !(hasPlace && endCode === 'ERR_SHARE_EXPIRED')) return endCode
  if (standing?.place === 'refused') return 'ERR_SHARE_REFUSED'
  if (hasPlace) return undefined
  if (rules.untilMs !== undefined && nowMs >= rules.untilMs) return 'ERR_SHARE_EXPIRED'
  if (rules.receivers !== undefined && placesTaken(state) >= rules.receivers) return 'ERR_SHARE_USED'
  const isLockedOut = (standing?.wrongPasswords ?? 0) >= ADMISSION_LIMITS.triesPerReceiver
  if (needsPassword(state, standing) && (isLockedOut || isLocked(state))) return 'ERR_SHARE_LOCKED'
  return undefined
}

const needsPassword = ({ rules }: AdmissionState, standing: Standing | undefined) =>
  rules.password !== undefined && standing?.hasPassword !== true

/** A receiver that has a place, or is asked about, comes back to where it was. */
function afterPassword(state: AdmissionState, standing: Standing | undefined): Admission {
  if (standing?.place === 'taken') return { do: 'taken' }
  return standing?.place === 'asking' && state.rules.ask === true ? { do: 'ask' } : { do: 'list' }
}

function mustKnow({ receivers }: AdmissionState, receiver: string): Standing {
  const standing = receivers.get(receiver)
  if (standing === undefined) throw new TypeError('a receiver that has not said hello')
  return standing
}

/** As people type it: the form of accents does not matter. Every character is compared, wrong or right. */
function isSamePassword(given: string, password: string): boolean {
  const [a, b] = [given.normalize('NFKC'), password.normalize('NFKC')]
  let difference = a.length ^ b.length
  for (let i = 0; i < b.length; i++) difference |= (a.charCodeAt(i) || 0) ^ b.charCodeAt(i)
  return difference === 0
}

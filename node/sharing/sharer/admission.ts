/**
 * Admission: who may see and receive a share, by its rules and by what has happened. Every decision of a sharer is made here. Looking consumes
 * nothing: a place of a counted share is taken by `take` alone, so a robot that opens the link for a preview uses none. Pure.
 */

import type { ShareCode, ShareRules } from '../types.ts'

export const ADMISSION_LIMITS = {
  /** Wrong passwords after which one receiver is locked out, and one peer, whatever it calls itself. */
  triesPerReceiver: 3,
  /** Wrong passwords of all after which the share is locked until its sharer unlocks it. */
  tries: 20,
  /** Receivers that are remembered. */
  maxReceivers: 1_024,
} as const

/** One receiver as the sharer remembers it. */
export interface Standing {
  /** The peer that it was last. */
  peer: string
  /** It has given the right password. */
  hasPassword: boolean
  wrongPasswords: number
  /** 'none': looks only. 'asking': the sharer is asked. */
  place: 'none' | 'asking' | 'taken' | 'refused'
}

/** A peer's past at a share: a receiver's id is its own choice, and its peer is proven. */
export interface PeerStanding {
  wrongPasswords: number
  /** Sent away: its new receivers are, too. */
  isRefused: boolean
}

export interface AdmissionState {
  rules: ShareRules
  receivers: Map<string, Standing>
  /** Those that guessed wrong, or were sent away, oldest first. Bounded: maxReceivers. */
  peers: Map<string, PeerStanding>
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
  peers: new Map(),
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

/** A receiver comes, or comes back, perhaps as another peer. */
export function admitHello(state: AdmissionState, receiver: string, peer: string, nowMs: number): Admission {
  const known = state.receivers.get(receiver)
  if (known !== undefined) known.peer = peer
  const standing: Standing = known ?? { peer, hasPassword: false, wrongPasswords: 0, place: 'none' }
  const closed = closedTo(state, standing, nowMs)
  if (closed !== undefined) return { do: 'refuse', code: closed }
  if (known === undefined) {
    if (!makeRoom(state)) return { do: 'refuse', code: 'ERR_SHARE_FULL' }
    state.receivers.set(receiver, standing)
  }
  return needsPassword(state, standing) ? { do: 'password' } : afterPassword(state, standing)
}

/** A new receiver replaces the oldest that only looks. Those who have given the password are not forgotten for those who have not. */
function makeRoom({ receivers }: AdmissionState): boolean {
  if (receivers.size < ADMISSION_LIMITS.maxReceivers) return true
  for (const [id, { place, wrongPasswords, hasPassword }] of receivers)
    if (place === 'none' && wrongPasswords === 0 && !hasPassword) return receivers.delete(id)
  return false
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
  peerOf(state, standing).wrongPasswords++
  state.wrongPasswords++
  const triesLeft = ADMISSION_LIMITS.triesPerReceiver - wrongOf(state, standing)
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
  if (!isAdmitted || state.peers.has(standing.peer)) peerOf(state, standing).isRefused = !isAdmitted
  const closed = closedTo(state, standing, nowMs)
  if (closed !== undefined) return { do: 'refuse', code: closed }
  standing.place = 'taken'
  return { do: 'taken' }
}

/** Sends a receiver away, for good, and its peer under whatever id. It gives its place back. */
export function dismiss(state: AdmissionState, receiver: string): void {
  const standing = mustKnow(state, receiver)
  standing.place = 'refused'
  peerOf(state, standing).isRefused = true
}

/** A receiver's peer was sent away, under another id, before it had taken anything under this one. */
export function isPeerRefused(state: AdmissionState, receiver: string): boolean {
  const standing = state.receivers.get(receiver)
  return standing !== undefined && standing.place !== 'taken' && isRefused(state, standing)
}

const isRefused = ({ peers }: AdmissionState, { peer }: Standing) => peers.get(peer)?.isRefused === true

/** Wrong passwords are forgotten. */
export function unlock(state: AdmissionState): void {
  state.wrongPasswords = 0
  for (const each of [...state.receivers.values(), ...state.peers.values()]) each.wrongPasswords = 0
}

function peerOf({ peers }: AdmissionState, { peer }: Standing): PeerStanding {
  const known = peers.get(peer) ?? { wrongPasswords: 0, isRefused: false }
  peers.set(peer, known)
  for (const oldest of peers.keys()) {
    if (peers.size <= ADMISSION_LIMITS.maxReceivers) break
    peers.delete(oldest)
  }
  return known
}

/** Wrong passwords of the receiver or its peer, whichever has more. */
const wrongOf = ({ peers }: AdmissionState, { peer, wrongPasswords }: Standing) =>
  Math.max(wrongPasswords, peers.get(peer)?.wrongPasswords ?? 0)

/** Why the share is closed to a receiver now; undefined when it is not. A receiver that has a place keeps it when the time is over. */
function closedTo(state: AdmissionState, standing: Standing, nowMs: number): ShareCode | undefined {
  const { rules, endCode } = state
  const hasPlace = standing.place === 'taken'
  if (endCode !== undefined && !(hasPlace && endCode === 'ERR_SHARE_EXPIRED')) return endCode
  if (standing.place === 'refused') return 'ERR_SHARE_REFUSED'
  if (hasPlace) return undefined
  if (isRefused(state, standing)) return 'ERR_SHARE_REFUSED'
  if (rules.untilMs !== undefined && nowMs >= rules.untilMs) return 'ERR_SHARE_EXPIRED'
  if (rules.receivers !== undefined && placesTaken(state) >= rules.receivers) return 'ERR_SHARE_USED'
  const isLockedOut = wrongOf(state, standing) >= ADMISSION_LIMITS.triesPerReceiver
  if (needsPassword(state, standing) && (isLockedOut || isLocked(state))) return 'ERR_SHARE_LOCKED'
  return undefined
}

const needsPassword = ({ rules }: AdmissionState, { hasPassword }: Standing) => rules.password !== undefined && !hasPassword

/** A receiver that has a place, or is asked about, comes back to where it was. */
function afterPassword(state: AdmissionState, { place }: Standing): Admission {
  if (place === 'taken') return { do: 'taken' }
  return place === 'asking' && state.rules.ask === true ? { do: 'ask' } : { do: 'list' }
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

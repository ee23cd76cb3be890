/** Values of settings that mean nothing in particular: switches, numbers, rates, durations, text, JSON. */

import { parseDuration } from '../../async/duration.ts'
import { MayflyError } from '../../errors.ts'
import type { OfferRule } from '../../index.ts'

/** The error for a value that cannot be. */
export function refuseValue(expected: string, text: string): MayflyError {
  return new MayflyError('ERR_BAD_OPTION', `expected ${expected}, got ${JSON.stringify(text)}`)
}

export function parseFilled(text: string): string {
  if (text === '') throw refuseValue('a value', text)
  return text
}

export function parseSwitch(text: string): boolean {
  if (/^(?:true|1|yes|on)$/i.test(text)) return true
  if (/^(?:false|0|no|off)$/i.test(text)) return false
  throw refuseValue('true or false', text)
}

export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw refuseValue('a number from 1 to 999999', text)
  return Number(text)
}

export function parseAmount(text: string): number {
  return text === '0' ? 0 : parseCount(text)
}

/** One value, or an array of several. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refuseValue('JSON', text)
  }
}

/** Bytes as people write them: `500kB`, `2MB`, `1.5MiB`; a plain number is bytes. */
const UNITS: Readonly<Record<string, number>> = {
  ...{ '': 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 },
}
/**
 * Slowest rate, in bytes per second. Below it, the six pieces that a peer requests at once, in turns of 64 KiB, arrive so late that each is
 * given up as stalled after 5 s.
 */
const SLOWEST = 131_072

function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgt]i?b|)$/i.exec(text.trim())
  return match === null ? Number.NaN : Math.round(Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? Number.NaN))
}

/**
 * @returns whole bytes
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export function parseByteSize(text: string): number {
  const size = parseBytes(text)
  if (size > 0 && Number.isSafeInteger(size)) return size
  throw refuseValue('a size such as 500kB or 2GiB, more than 0', text)
}

/** @throws {MayflyError} ERR_BAD_OPTION */
export function parseOfferRule(text: string): OfferRule {
  if (text === 'ask' || text === 'always') return text
  const upTo = parseBytes(text)
  if (upTo > 0 && Number.isSafeInteger(upTo)) return { upTo }
  throw refuseValue("'ask', 'always', or a size such as 50MB", text)
}

/**
 * @returns whole bytes per second; 0: no limit
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export function parseByteRate(text: string): number {
  const rate = parseBytes(text)
  if (rate === 0 || (rate >= SLOWEST && Number.isSafeInteger(rate))) return rate
  throw refuseValue(`bytes per second such as 500kB or 2MiB, at least ${SLOWEST}, or 0 for no limit`, text)
}

/** A timer's delay is a signed 32-bit number; Node.js makes a longer one fire at once. */
const MAX_MS = 2 ** 31 - 1

/**
 * @returns whole milliseconds
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export function parseDurationSetting(text: string): number {
  const ms = parseDuration(text.trim())
  if (ms === undefined || ms > MAX_MS) throw refuseValue('a time such as 30s, 1h30m or 7d, at most 24d', text)
  return ms
}

/** Values of settings that mean nothing in particular: switches, numbers, text, JSON. */

import { MayflyError } from '../../errors.ts'

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

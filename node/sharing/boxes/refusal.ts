/** Refusals of a drop box as errors, and errors of those who take submissions as refusals. */

import { MayflyError } from '../../errors.ts'
import type { DropRefusal, DropRefusalCode } from '../types.ts'

export function refusalError(refusal: DropRefusal): MayflyError {
  return new MayflyError('ERR_DROP_REFUSED', refusal.text, { cause: refusal })
}

/** The refusal that an ERR_DROP_REFUSED stands for; undefined for any other error. */
export function dropRefusalOf(error: unknown): DropRefusal | undefined {
  return error instanceof MayflyError && error.code === 'ERR_DROP_REFUSED' ? (error.cause as DropRefusal) : undefined
}

const CODES: Readonly<Record<string, DropRefusalCode>> = { ERR_NOT_STORED: 'disk', ERR_DAMAGED: 'damaged', ERR_TIMEOUT: 'silent' }

/** The refusal that a sender hears of an error: the words of ours, and nothing of others. */
export function refusalOf(error: unknown): DropRefusal {
  const known = dropRefusalOf(error)
  if (known !== undefined) return known
  if (error instanceof MayflyError) return { code: CODES[error.code] ?? 'asked', text: error.message }
  return { code: 'disk', text: 'It could not be stored there' }
}

export function outOfPlace({ type }: { type: string }): MayflyError {
  return new MayflyError('ERR_BAD_FRAME', `A ${type} frame of a drop box is out of place`)
}

/** Bytes per second as people write them: `500kB`, `2MB`, `1.5MiB`; a plain number is bytes. */

import { MayflyError } from '../../errors.ts'

const UNITS: Readonly<Record<string, number>> = { '': 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 }
/**
 * Slowest rate, in bytes per second. Below it, the six pieces that a peer requests at once, in turns of 64 KiB, arrive so late that each is
 * given up as stalled after 5 s.
 */
const SLOWEST = 131_072

/**
 * @returns whole bytes per second; 0: no limit
 * @throws {MayflyError} ERR_BAD_OPTION
 */
export function parseByteRate(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmg]i?b|)$/i.exec(text.trim())
  const rate = match === null ? Number.NaN : Math.round(Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? Number.NaN))
  if (rate === 0 || (rate >= SLOWEST && Number.isSafeInteger(rate))) return rate
  throw new MayflyError(
    'ERR_BAD_OPTION',
    `expected bytes per second such as 500kB or 2MiB, at least ${SLOWEST}, or 0 for no limit, got ${JSON.stringify(text)}`,
  )
}

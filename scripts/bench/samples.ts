/** Percentiles of many readings, and the spelling of numbers in tables. */

/** The smallest reading that at least this share of all of them does not exceed. NaN of nothing. */
export function percentile(readings: readonly number[], share: number): number {
  const sorted = readings.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

export const p50 = (readings: readonly number[]): number => percentile(readings, 0.5)
export const p95 = (readings: readonly number[]): number => percentile(readings, 0.95)

export function sum(readings: readonly number[]): number {
  return readings.reduce((total, reading) => total + reading, 0)
}

/** Three digits that matter: 0.0123, 1.23, 12.3, 123, 12,300. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)))
  const decimals = Math.min(4, Math.max(0, 2 - size))
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
}

export const ms = (value: number): string => `${digits(value)} ms`
export const seconds = (valueMs: number): string => `${digits(valueMs / 1_000)} s`
export const percent = (share: number): string => `${digits(share * 100)} %`
export const times = (ratio: number): string => `${digits(ratio)} ×`

/** With the unit that leaves few digits; 1 MiB is 1,048,576 bytes. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  const step = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10)))
  return `${digits(value / 1_024 ** step)} ${units[step]}`
}

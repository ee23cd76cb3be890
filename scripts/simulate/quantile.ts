/** Figures of many values, for a table. */

export const round = (value: number) => Math.round(value * 100) / 100
export const percent = (part: number, whole: number) => (whole === 0 ? 0 : round((100 * part) / whole))

/** The value below which that part of them lies; 0 of none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0)
}

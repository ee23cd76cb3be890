/** Markdown as the generated parts need it. */

export function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(columns), `|${'---|'.repeat(columns.length)}`, ...rows.map(line)].join('\n')
}

export function code(text: string): string {
  return `\`${text}\``
}

/** A docstring's text as a cell: without the unit, which stands beside the number, and no full stop behind a single sentence. */
export function cellText(text: string): string {
  const plain = text.replace(/, in (ms|bytes)(?=[,.;:]|$)/g, '')
  return /\.\s/.test(plain) ? plain : plain.replace(/\.$/, '')
}

/** 1,024, and 64 MiB for what is a whole number of MiB or KiB. */
export function bytesText(bytes: number): string {
  if (bytes >= 2 ** 30 && bytes % 2 ** 30 === 0) return `${bytes / 2 ** 30} GiB`
  if (bytes >= 2 ** 20 && bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20} MiB`
  if (bytes >= 2 ** 10 && bytes % 2 ** 10 === 0) return `${bytes / 2 ** 10} KiB`
  return `${numberText(bytes)} bytes`
}

export function timeText(ms: number): string {
  for (const [unitMs, unit] of TIME_UNITS) {
    const count = ms / unitMs
    if (count >= 1 && Number.isInteger(count) && (count > 1 || unitMs < 86_400_000)) return `${numberText(count)} ${unit}`
  }
  return `${numberText(ms)} ms`
}

const TIME_UNITS: readonly [ms: number, unit: string][] = [
  [86_400_000, 'days'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
]

export function numberText(value: number): string {
  return value.toLocaleString('en')
}

/** A limit with its unit, which stands in its name: `maxHeldBytes`, `maxWaitMs`. */
export function limitText(name: string, value: number): string {
  if (/PerSecond/.test(name)) return value === 0 ? 'no limit' : numberText(value)
  if (/Bytes/.test(name)) return bytesText(value)
  if (/Ms$/.test(name)) return timeText(value)
  return numberText(value)
}

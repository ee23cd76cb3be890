/** The table of the metrics, as the gateway declares them. */

import { METRICS } from '../../gateway/api/metrics.ts'
import { cellText, code, markdownTable } from './table.ts'

export function metricTable(): string {
  return markdownTable(
    ['metric', 'kind', 'what'],
    METRICS.map(({ name, kind, help }) => [code(name), kind, cellText(help)]),
  )
}

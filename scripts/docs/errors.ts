/** The tables of refusals and of the numbers of errors. */

import { PROBLEM_NUMBERS } from '../../gateway/http/problem-numbers.ts'
import { REFUSALS } from '../../node/index.ts'
import { docstringsOf } from './source.ts'
import { cellText, code, markdownTable } from './table.ts'

/** The numbers that an error of the gateway can have. */
export function errorTable(): string {
  const meaning = docstringsOf('PROBLEM_NUMBERS')
  const own = Object.entries(PROBLEM_NUMBERS).map(([name, number]) => ({ number, what: cellText(meaning[name] ?? ''), retry: '' }))
  const refusals = Object.entries(REFUSALS).map(([reason, { httpNumber, sentence, retryAfterS }]) => ({
    number: httpNumber,
    what: `${code(reason)}: ${sentence}`,
    retry: retryAfterS === undefined ? '' : `${retryAfterS} s`,
  }))
  const rows = [...own, ...refusals].sort((a, b) => a.number - b.number)
  return markdownTable(
    ['number', 'status', 'is', 'again after'],
    rows.map(({ number, what, retry }) => [String(number), String(Math.floor(number / 100)), what, retry]),
  )
}

/** The refusals on the wire. */
export function refusalTable(): string {
  const rows = Object.entries(REFUSALS)
    .sort(([, a], [, b]) => a.number - b.number)
    .map(([reason, { number, sentence, isFinal }]) => [String(number), reason, `${sentence}${isFinal ? '' : '; again later'}`])
  return markdownTable(['number', 'name', 'when'], rows)
}

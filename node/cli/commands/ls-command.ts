/** `mayfly ls`: lists what a node holds, and what the tabs behind it hold, as the node tells its owner. */

import { isKeyHex } from '../../keys/index.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { askGateway } from '../fetch/ask-gateway.ts'
import { describeBytes } from '../print/progress-bar.ts'

type Row = Readonly<Record<string, unknown>>

const HEAD = ['HASH', 'SIZE', 'KIND', 'SINCE', 'HOLDERS', 'NAME']

/** @throws {MayflyError} ERR_NO_NETWORK, ERR_BAD_OPTION, ERR_UNAVAILABLE (it is not told to this machine, or not without the token) */
export async function runLs({ configuration, output, signal }: CommandContext): Promise<ExitCode> {
  const { answer } = await askGateway(configuration, 'The list', (gateway) => gateway.contents({ signal }), signal)
  const [contents, tabs] = [rowsIn(answer.contents), rowsIn(answer.tabs)]
  if (output.json) for (const row of [...contents, ...tabs]) output.result('', row)
  else output.result(formatHeld(contents, tabs), {})
  if (typeof answer.leftOut === 'number' && answer.leftOut > 0) output.remark(`${answer.leftOut} older ones are left out`)
  return EXIT.done
}

/** A table. A gateway's answer is a stranger's: what is not there, or has another form, is left out. */
export function formatHeld(contents: readonly Row[], tabs: readonly Row[]): string {
  if (contents.length + tabs.length === 0) return 'Nothing is held here: neither by the node itself nor by a tab behind it'
  const rows = [
    ...contents.map(({ hash, size, type, sinceMs, holders, name }) => [
      String(hash),
      typeof size === 'number' ? describeBytes(size) : '',
      typeof type === 'string' ? (type.split(';')[0] as string) : '',
      describeTime(sinceMs),
      typeof holders === 'number' ? String(holders) : '',
      typeof name === 'string' ? name.replaceAll('\n', '?') : '',
    ]),
    ...tabs.map(({ hash, tabs: count }) => [String(hash), '', '', '', count === 1 ? '1 tab here' : `${String(count)} tabs here`, '']),
  ]
  const widths = HEAD.map((_, i) => Math.max(...[HEAD, ...rows].map((row) => row[i]?.length ?? 0)))
  return [HEAD, ...rows]
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function rowsIn(value: unknown): Row[] {
  const rows: unknown[] = Array.isArray(value) ? value : []
  return rows.filter((row): row is Row => typeof row === 'object' && row !== null && 'hash' in row && isKeyHex(String(row.hash)))
}

/** To the minute, in UTC. */
function describeTime(ms: unknown): string {
  const date = new Date(typeof ms === 'number' ? ms : Number.NaN)
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 16).replace('T', ' ')
}

/** `mayfly status`: prints the status of a node, which it answers over HTTP: first what people ask, and its limits when asked for. */

import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { askGateway } from '../fetch/ask-gateway.ts'
import { describeBytes } from '../print/progress-bar.ts'

/** Groups within groups that are shown. A stranger's answer could go deeper than the stack. */
const MAX_DEPTH = 4

type Facts = Readonly<Record<string, unknown>>

/** @throws {MayflyError} ERR_NO_NETWORK, ERR_BAD_OPTION */
export async function runStatus(context: CommandContext): Promise<ExitCode> {
  const { configuration, output, signal } = context
  const { origin, answer: status } = await askGateway(configuration, 'The status', (gateway) => gateway.status({ signal }), signal)
  output.result(formatStatus(origin, status, { withLimits: configuration.limits, now: Date.now() }), status)
  return EXIT.done
}

/** One fact per line, names aligned. A stranger's answer may lack any of them, or have another form: such a fact is left out. */
export function formatStatus(origin: string, status: Facts, { withLimits = false, now }: { withLimits?: boolean; now: number }): string {
  const rows = [...summaryOf(origin, status, now), ...(withLimits ? rowsOf('limits.', objectOf(status.limits)) : [])]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

function summaryOf(origin: string, status: Facts, now: number): [string, string][] {
  const counts = objectOf(status.counts)
  const number = (name: string) => (typeof counts[name] === 'number' ? counts[name] : undefined)
  const bytes = (name: string) => (number(name) === undefined ? undefined : describeBytes(number(name) as number))
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
  /** Undefined unless all of its parts are there. */
  const words = (parts: TemplateStringsArray, ...values: unknown[]) =>
    values.includes(undefined) ? undefined : String.raw({ raw: parts }, ...values)
  const rows: [string, unknown][] = [
    ['gateway', status.url ?? origin],
    ['version', status.version],
    ['up since', describeStart(status.startedAtMs, now)],
    ['joined', describeJoined(status)],
    ['peers', words`${number('connections')} connected, ${number('servers')} nodes known`],
    ['held', words`${number('held')} contents of its own, ${bytes('heldBytes')} (mayfly ls lists them)`],
    ['tabs', words`${number('tabs')}, which hold through it`],
    ['content', words`${bytes('bytesServed')} given, ${bytes('bytesFetched')} taken`],
    ['traffic', words`${bytes('bytesReceived')} in, ${bytes('bytesSent')} out, over its port`],
    ['messages', words`${number('messages')} passed on, ${number('messagesRefused')} refused, ${number('mail')} waiting`],
    ['clock', describeClock(objectOf(status.clock))],
    ['library', words`${text(objectOf(status.library).url)} (for pages of other origins)`],
    ['integrity', objectOf(status.library).integrity],
    ['id', status.id],
  ]
  const addresses = Array.isArray(status.addresses) ? status.addresses : []
  return [
    ...rows.flatMap(([name, value]): [string, string][] => (typeof value === 'string' ? [[name, value]] : [])),
    ...addresses.map((item, i): [string, string] => [i === 0 ? 'addresses' : '', describeValue(item)]),
  ]
}

function describeStart(startedAtMs: unknown, now: number): string | undefined {
  const date = new Date(typeof startedAtMs === 'number' ? startedAtMs : Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : `${date.toISOString()} (${describeSpan(now - date.getTime())})`
}

function describeSpan(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000)
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor(minutes / 60) % 24]
  if (days > 0) return `${days} d ${hours} h`
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`
}

function describeJoined({ joined, joinedThrough }: Facts): string | undefined {
  if (joined === false) return 'no: it is looking for others'
  const through = Array.isArray(joinedThrough) ? joinedThrough.filter((each) => typeof each === 'string') : []
  if (through.length > 0) return `through ${through.join(', ')}`
  return joined === true ? 'yes: by others, who came to it, or alone' : undefined
}

function describeClock({ state, aheadMs }: Facts): string | undefined {
  if (typeof state !== 'string' || state === 'right' || state === 'alone') return undefined
  return typeof aheadMs === 'number' ? `${state}: ${Math.round(aheadMs / 1_000)} s ahead of others` : state
}

function objectOf(value: unknown): Facts {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function rowsOf(group: string, facts: object, depth = 0): [string, string][] {
  return Object.entries(facts).flatMap(([name, value]): [string, string][] =>
    typeof value === 'object' && value !== null && depth < MAX_DEPTH
      ? rowsOf(`${group}${name}.`, value, depth + 1)
      : [[group + name, describeValue(value)]],
  )
}

function describeValue(value: unknown): string {
  return typeof value === 'object' && value !== null ? '…' : String(value)
}

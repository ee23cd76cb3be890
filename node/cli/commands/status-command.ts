/** `mayfly status`: prints the status of a node, which it answers over HTTP. */

import { MayflyError } from '../../errors.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { createGatewayClient } from '../fetch/gateway-client.ts'
import { isMultiaddr } from '../values/server-values.ts'

/** Groups within groups that are shown. A stranger's answer could go deeper than the stack. */
const MAX_DEPTH = 4

/** @throws {MayflyError} ERR_NO_NETWORK, ERR_BAD_OPTION */
export async function runStatus({ configuration, output, signal }: CommandContext): Promise<ExitCode> {
  const { join, timeoutMs } = configuration
  let failure: unknown
  for (const address of join) {
    const origin = await gatewayOriginOf(address)
    if (origin === undefined)
      throw new MayflyError('ERR_BAD_OPTION', `The status comes over HTTP: --join needs the URL of a gateway, not ${address}`)
    try {
      const status = await createGatewayClient(origin, { timeoutMs }).status({ signal })
      output.result(formatStatus(origin, status), status)
      return EXIT.done
    } catch (error) {
      signal.throwIfAborted()
      failure = error
    }
  }
  throw failure
}

/** The libraries that read multiaddrs are loaded only for one: they take as long to load as the rest of this command. */
async function gatewayOriginOf(address: string): Promise<string | undefined> {
  if (!isMultiaddr(address)) return address
  const { originOfAddress } = await import('../../network/addresses.ts')
  return originOfAddress(address)
}

/** One fact per line: names aligned, with their group before a dot; the items of a list below each other. */
export function formatStatus(origin: string, status: Record<string, unknown>): string {
  const rows = [['gateway', origin], ...rowsOf('', status)] as [string, string][]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

function rowsOf(group: string, facts: object, depth = 0): [string, string][] {
  return Object.entries(facts).flatMap(([name, value]): [string, string][] => {
    if (Array.isArray(value)) return value.map((item, i) => [i === 0 ? group + name : '', describeValue(item)])
    if (typeof value === 'object' && value !== null && depth < MAX_DEPTH) return rowsOf(`${group}${name}.`, value, depth + 1)
    const date = name.endsWith('AtMs') ? new Date(value) : undefined
    if (date !== undefined && !Number.isNaN(date.getTime())) return [[`${group}${name.slice(0, -4)}`, date.toISOString()]]
    return [[group + name, describeValue(value)]]
  })
}

function describeValue(value: unknown): string {
  return typeof value === 'object' && value !== null ? '…' : String(value)
}

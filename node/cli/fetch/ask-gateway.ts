/** Asks the first of several gateways that answers, for what only HTTP tells. */

import { MayflyError } from '../../errors.ts'
import { isMultiaddr, requireJoinAddress } from '../values/server-values.ts'
import { createGatewayClient, type GatewayClient } from './gateway-client.ts'
import type { NetworkClientOptions } from './network-client.ts'

/**
 * @param what the subject of an error: "The status"
 * @throws {MayflyError} ERR_NO_NETWORK, ERR_BAD_OPTION, and the refusal of a gateway
 * @throws signal.reason, when aborted
 */
export async function askGateway<T>(
  { join, timeoutMs, token }: Pick<NetworkClientOptions, 'join' | 'timeoutMs'> & { token?: string | undefined },
  what: string,
  ask: (gateway: GatewayClient) => Promise<T>,
  signal: AbortSignal,
): Promise<{ origin: string; answer: T }> {
  requireJoinAddress(join)
  let failure: unknown
  for (const address of join) {
    const origin = await gatewayOriginOf(address)
    if (origin === undefined) {
      throw new MayflyError('ERR_BAD_OPTION', `${what} comes over HTTP: --join needs the URL of a gateway, not ${address}`)
    }
    try {
      return { origin, answer: await ask(createGatewayClient(origin, { timeoutMs, token })) }
    } catch (error) {
      signal.throwIfAborted()
      failure = error
    }
  }
  throw failure
}

/** The libraries that read multiaddrs are loaded only for one: they take as long to load as the rest of these commands. */
async function gatewayOriginOf(address: string): Promise<string | undefined> {
  if (!isMultiaddr(address)) return address
  const { originOfAddress } = await import('../../network/addresses.ts')
  return originOfAddress(address)
}

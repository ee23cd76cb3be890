/** Opens the network client that fits the addresses. The overlay takes longer to load than most questions take, so only a multiaddr loads it. */

import { isMultiaddr } from '../values/join-address.ts'
import type { NetworkClient, NetworkClientOptions } from './network-client.ts'

/** @throws {MayflyError} ERR_NO_NETWORK, ERR_BAD_OPTION */
export async function openNetworkClient(options: NetworkClientOptions): Promise<NetworkClient> {
  if (options.join.some(isMultiaddr)) {
    const { openOverlayClient } = await import('./overlay-client.ts')
    return openOverlayClient(options)
  }
  const { openGatewaysClient } = await import('./gateways-client.ts')
  return openGatewaysClient(options)
}

/**
 * Opens the entrance that fits the addresses. Loading the overlay takes longer than most questions do, so it is loaded only when somebody
 * gives a multiaddr.
 */

import { isMultiaddr } from '../values/join-address.ts'
import type { Entrance, EntranceOptions } from './entrance.ts'

/** @throws {MayflyError} ERR_NO_NETWORK, ERR_BAD_OPTION */
export async function openEntrance(options: EntranceOptions): Promise<Entrance> {
  if (options.join.some(isMultiaddr)) {
    const { openOverlayEntrance } = await import('./overlay-entrance.ts')
    return openOverlayEntrance(options)
  }
  const { openGatewayEntrance } = await import('./gateway-entrance.ts')
  return openGatewayEntrance(options)
}

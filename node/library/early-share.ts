/** Receiving a share before there is a peer, for pages: small, and loaded before all else. */

export { createSocketCarrier } from '../sharing/first/socket-carrier.ts'
export { type EarlyShareParts, receiveEarly } from '../sharing/receiver/early-share.ts'

/** Receiving a share before there is a peer, and opening what comes of it, for pages: small, and loaded before all else. */

export { openSealed } from '../content/sealed/unsealing.ts'
export { createSocketCarrier } from '../sharing/first/socket-carrier.ts'
export { type EarlyShareParts, receiveEarly } from '../sharing/receiver/early-share.ts'

/** Answers libp2p's pings: kad-dht asks a server that it would replace, and peers ask whether a direct connection still carries anything. */

import { ping } from '@libp2p/ping'

export const createPing = () => ping({ maxInboundStreams: 8, maxOutboundStreams: 8 })

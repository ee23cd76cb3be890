/**
 * Sockets of a tab in Node.js: of an app that uses the library there, and of short commands. They are those of a page, and what stands on them is
 * spared what a node's connections are spared. A page does without: its library has no room for that.
 */

import type { ComponentLogger, StreamMuxerFactory, Transport } from '@libp2p/interface'
import { readLengthsQuietly } from './noise-lengths.ts'
import { pageSockets } from './page-sockets.ts'
import { straightenLayers } from './straight-layers.ts'

interface Upgrader {
  getConnectionEncrypters(): ReadonlyMap<string, unknown>
  getStreamMuxers(): ReadonlyMap<string, StreamMuxerFactory>
}

/** @param components of libp2p: all of them, of which the type names what every transport may use */
export function sparedSockets(components: { logger: ComponentLogger }): Transport {
  const { upgrader } = components as unknown as { upgrader: Upgrader }
  const noise = upgrader.getConnectionEncrypters().get('/noise')
  readLengthsQuietly(noise)
  straightenLayers(noise, upgrader.getStreamMuxers())
  return pageSockets(components)
}

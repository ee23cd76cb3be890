/** Work that libp2p does again for each connection and stream, which a node does once, or not at all. */

import type { Libp2p, StreamMuxerFactory } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { keepNoiseKeys } from './native-noise.ts'
import { readLengthsQuietly } from './noise-lengths.ts'
import { keepOwnAddresses } from './own-addresses.ts'
import { type AnsweringComponents, withOwnRecord } from './own-record.ts'
import { type Identifying, leaveTabsUnidentified } from './page-connections.ts'
import { chooseQuickly } from './quick-choice.ts'
import { straightenLayers } from './straight-layers.ts'
import { forgetStreamProtocols } from './stream-protocols.ts'

interface Components {
  identify: { components: AnsweringComponents } & Identifying
  events: Parameters<typeof leaveTabsUnidentified>[0]['events'] & Pick<Libp2p, 'addEventListener'>
  addressManager: { getAddresses(): Multiaddr[] }
  registrar: Parameters<typeof chooseQuickly>[0]['registrar']
  peerStore: unknown
  upgrader: { getConnectionEncrypters(): ReadonlyMap<string, unknown>; getStreamMuxers(): ReadonlyMap<string, StreamMuxerFactory> }
}

/**
 * @param components of libp2p, with identify among them. To be called before the first connection.
 * @param isTab true for a tab whose home is here
 * @returns what resolves with this server's signed addresses, with undefined while it has none
 */
export function spareWork(components: unknown, isTab: (peer: string) => boolean): () => Promise<Uint8Array | undefined> {
  const { identify, events, addressManager, registrar, peerStore, upgrader } = components as Components
  forgetStreamProtocols({ peerStore, upgrader })
  keepOwnAddresses({ addressManager, events })
  identify.components = withOwnRecord(identify.components)
  leaveTabsUnidentified({ identify, events, isTab })
  chooseQuickly({ upgrader, registrar })
  const noise = upgrader.getConnectionEncrypters().get('/noise')
  keepNoiseKeys(noise)
  readLengthsQuietly(noise)
  straightenLayers(noise, upgrader.getStreamMuxers())
  const { peerId, peerStore: answering } = identify.components
  return async () => (await answering.get(peerId)).peerRecordEnvelope
}

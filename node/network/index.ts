/** libp2p put together; staying joined; frames over its streams. */

export { inTime } from '../async/abort.ts'
export { createIdleTimeout, type IdleTimeout } from '../async/idle-timeout.ts'
export { whenTurnEnds } from '../async/turn.ts'
export { type AddressBook, createAddressBook } from './address-book.ts'
export { hostOfMultiaddr, originOfMultiaddr, parseMultiaddr, peerIdIn, withPeerId } from './addresses.ts'
export { type Clock, type ClockStatus, clockSentence, createClock } from './clock.ts'
export { type ConnectionKind, connectionKind } from './connection-kind.ts'
export { KAD_PROTOCOL } from './dht.ts'
export type { Direct, TransportFactory } from './direct.ts'
export { createDuplicateIdWatch } from './duplicate-id.ts'
export {
  badField,
  readArray,
  readBoolean,
  readBytes,
  readBytesUpTo,
  readInteger,
  readOptional,
  readText,
  readTuple,
  readWord,
  viewBytesUpTo,
} from './fields.ts'
export { createFrameDecoder } from './frame-decoder.ts'
export {
  createFrameStream,
  decodeFrame,
  encodeFrame,
  type Frame,
  type FrameCarrier,
  type FrameStream,
  type FrameStreamOptions,
  withLength,
} from './frames.ts'
export { checkJoinAddress } from './join-address.ts'
export { createJoinWait } from './join-wait.ts'
export { createKadDht } from './kad-dht.ts'
export { createOverlay, type NodeOverlay, type Overlay } from './overlay.ts'
export { createPeerStreams, type OpenedStream, type PeerStream, type PeerStreams } from './peer-streams.ts'
export { createRelay } from './relay.ts'
export { createRequests, type Requests } from './requests.ts'
export { compareDistance, type RoutingTable } from './routing-table.ts'
export { createSupervisor, SUPERVISOR_DEFAULTS, type Supervisor, type SupervisorOptions } from './supervisor.ts'

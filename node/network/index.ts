/** libp2p put together; staying joined; frames over its streams. */

export { inTime } from '../async/abort.ts'
export { createIdleTimeout, type IdleTimeout } from '../async/idle-timeout.ts'
export { whenTurnEnds } from '../async/turn.ts'
export { type AddressBook, createAddressBook } from './address-book.ts'
export { hostOfMultiaddr, originOfMultiaddr, parseMultiaddr, peerIdIn, withPeerId } from './addresses.ts'
export { type Clock, type ClockStatus, clockSentence, createClock } from './clock.ts'
export { majorityAhead } from './clock-majority.ts'
export { type ConnectionKind, connectionKind } from './connection-kind.ts'
export { KAD_PROTOCOL } from './dht.ts'
export type { Direct, Signalling } from './direct.ts'
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
export { askGatewayEarly, checkJoinAddress } from './join-address.ts'
export { createJoinWait } from './join-wait.ts'
export { createKadDht } from './kad-dht.ts'
export { frugalYamux } from './muxer.ts'
export { createNoise } from './noise.ts'
export { createOverlay, loadDirect, type NodeOverlay, type Overlay } from './overlay.ts'
export { createPeerStreams, type OpenedStream, type PeerStream, type PeerStreams } from './peer-streams.ts'
export { createPing } from './ping.ts'
export { createRelay } from './relay.ts'
export { createRequests, type Requests } from './requests.ts'
export type { RoutingTable } from './routing-table.ts'
export type { ServerGroups } from './server-groups.ts'
export { MAX_SERVER_RECORD_BYTES } from './server-record-size.ts'
export { createServerRecords, type ServerRecords } from './server-records.ts'
export { compareDistance, createServerTable, type ServerName, type ServerTable } from './server-table.ts'
export { sparedSockets } from './spared-sockets.ts'
export { createSupervisor, SUPERVISOR_DEFAULTS, type Supervisor, type SupervisorOptions } from './supervisor.ts'
export type { TransportFactory } from './types.ts'

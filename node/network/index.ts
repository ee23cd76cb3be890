/** libp2p put together; staying joined; frames over its streams. */

export { inTime, raceAbort } from '../async/abort.ts'
export { createIdleTimeout, type IdleTimeout } from '../async/idle-timeout.ts'
export { whenTurnEnds } from '../async/turn.ts'
export { type ConnectionKind, connectionKind } from './connection-kind.ts'
export type { Direct, TransportFactory } from './direct.ts'
export { createFrameStream, decodeFrame, encodeFrame, type Frame, type FrameStream, type FrameStreamOptions } from './frames.ts'
export { checkJoinAddress } from './join-address.ts'
export { createOverlay, KAD_PROTOCOL, type Overlay, type OverlayOptions } from './overlay.ts'
export { compareDistance, type RoutingTable } from './routing-table.ts'
export { createSupervisor, SUPERVISOR_DEFAULTS, type Supervisor, type SupervisorOptions } from './supervisor.ts'

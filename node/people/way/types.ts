/** Streams between two instances: a way carries frames between two proven peers, a session is a way on which both have said who they are. */

import type { Frame, FrameStream, FrameStreamOptions, Signalling } from '../../network/index.ts'
import type { AbortOptions } from '../../types.ts'
import type { RoomProof, SessionRefusal, Topic } from '../format/hello.ts'
import type { Identity } from '../format/identity.ts'

export type { RoomProof, SessionRefusal, Topic }

/**
 * How bytes travel. 'direct': WebRTC between two tabs. 'socket': a connection between a node and its peer. 'relayed': spliced together by the
 * homes of two tabs, with encryption of its own from end to end.
 */
export type WayKind = 'direct' | 'socket' | 'relayed'

/** Where a peer is, as a `Holder` tells. */
export interface WayTarget {
  /** Peer ids in text form; a node is its own home. */
  peer: string
  home: string
  /** Multiaddrs of the home. */
  addresses: string[]
}

export interface Way {
  /** The other peer's id, proven by its key. */
  readonly peer: string
  readonly kind: WayKind
  readonly direction: 'outbound' | 'inbound'
  readonly protocol: string
  /** Takes the stream over. To be called at once, before anything is awaited: early frames would be lost. */
  createFrames(options: FrameStreamOptions): FrameStream
  abort(reason: Error): void
}

export interface OpenWayOptions extends AbortOptions {
  /** 'socket' never takes WebRTC, since presence does not rest on it. Left out: WebRTC where it is open already. */
  prefer?: 'direct' | 'socket'
  timeoutMs?: number
}

export interface Ways {
  /** @throws {MayflyError} ERR_UNAVAILABLE, with the reason */
  open(target: WayTarget, protocol: string, options?: OpenWayOptions): Promise<Way>
  /** Takes the ways of a protocol, however they come. Returns the function that ends it. */
  handle(protocol: string, onWay: (way: Way) => void, limits: { maxInboundPerPeer: number; maxInbound: number }): () => void
  /** True while there is a direct connection that has answered. */
  hasDirect(peer: string): boolean
  /**
   * Begins a direct connection in the background, where there may be one more. True while one is being opened, or is open.
   *
   * @param options isMutual: false where the other end does not want it by itself, so that this one dials at once; isAwaited: false where nobody
   * waits for it, so that it is opened when those before it have been; both are true when left out
   */
  wantDirect(target: WayTarget, options?: { isMutual?: boolean; isAwaited?: boolean }): boolean
  /** True where `offerDirect` and `answerDirect` begin something: a direct connection to the peer has a place, and is neither there nor coming. */
  mayOpenDirect(peer: string): boolean
  /**
   * Offers a direct connection to the other end of a way, which answers by `answerDirect`. It tells this peer's addresses, and so does the answer.
   *
   * @param send carries bytes over the way, to the other end's `take`
   */
  offerDirect(peer: string, send: (bytes: Uint8Array) => void): Signalling | undefined
  /** Takes the offer that the other end of a way is about to make; to be called before it comes. */
  answerDirect(peer: string, send: (bytes: Uint8Array) => void): Signalling | undefined
  /** A direct connection opened or ended. Returns the function that ends it. */
  onDirect(listener: (peer: string, isOpen: boolean) => void): () => void
}

export type { Identity, IdentityProof } from '../format/identity.ts'

/** Limits on the streams that a node hands on between its tabs and their people. */
export interface RelayLimits {
  /** Streams between people that this node hands on, in all. */
  maxRelayedStreams: number
  /** Of these, those that one tab opened; as many again that others opened to it. */
  maxRelayedStreamsPerPeer: number
  /** Of these, those between this node's tabs and those of one other node. */
  maxRelayedStreamsPerHome: number
  /** Bytes of them that may wait here for readers that are slow; beyond that, streams of the peer with the most are ended. */
  maxRelayedWaitingBytes: number
  /** Bytes per second that one tab may send over them; more is read more slowly. 0: no limit. */
  relayedBytesPerSecond: number
}

/** A way on which both ends have proven who they are. */
export interface Session {
  readonly remote: Identity
  readonly kind: WayKind
  readonly direction: 'outbound' | 'inbound'
  /** As the end that opened it said; `answered` is the other's. */
  readonly topic: Topic
  readonly answered: Topic
  readonly open: boolean
  /**
   * Sends a frame of the topic, whose types begin at 0; those of one turn of the event loop go out as one. False when the session has ended. More
   * than a few megabytes unsent end it: `writable` tells when there is room.
   */
  send(frame: Frame): boolean
  /** Resolves when there is room to send more; false when the session has ended. */
  writable(options?: AbortOptions): Promise<boolean>
  /** The frames of the topic. They wait until this is set; a listener that throws ends the session. */
  onFrame(listener: (frame: Frame) => void): void
  /** Called once. No reason: one of the ends said that it was done. `ERR_LEFT`: the other has gone without that. */
  onEnd(listener: (reason: Error | undefined) => void): void
  /** Takes no frame until `resume`; flow control makes the sender wait. */
  pause(): void
  resume(): void
  /** This end is done: what it has sent arrives, what comes from now on is dropped. */
  close(): void
  /** Ends it at once: what was sent may not arrive, and the other end hears `ERR_LEFT`. */
  abort(reason: Error): void
}

export type SessionVerdict = SessionRefusal | { answer: Topic }

export interface Sessions {
  /** @throws {MayflyError} ERR_UNAVAILABLE, or the code with which the other end refused */
  open(target: WayTarget, topic: Topic, options?: OpenWayOptions): Promise<Session>
  /**
   * Takes sessions of one kind. `accept` decides by who it is, before a frame of the topic is read: a refusal, or this end's own topic (its room
   * proofs) as the answer. While it takes its time, the stream counts among those that are not proven. Returns the function that ends it.
   */
  handle(
    kind: Topic['kind'],
    accept: (remote: Identity, topic: Topic) => SessionVerdict | Promise<SessionVerdict>,
    onSession: (session: Session) => void,
  ): () => void
}

/**
 * The groups protocol (group-wire.ts) over libp2p: one stream to each server that is asked something, on which its answers come back, and those
 * that others have opened, whose questions are answered. The questions and answers themselves come from node/groups.
 */

import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromMultihash, peerIdFromString } from '@libp2p/peer-id'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { TIMERS, type Timers } from '../async/timers.ts'
import { createTokenBuckets } from '../async/token-bucket.ts'
import type { Answer, GroupMessage, Question } from '../groups/messages.ts'
import { placeOf, type Server } from '../groups/place.ts'
import { sha256AtOnce } from '../keys/index.ts'
import { createFrameStream, type FrameStream } from './frames.ts'
import {
  decodeGroupFrame,
  encodeGroupFrame,
  GROUPS_PROTOCOL,
  type GroupFrame,
  MAX_GROUP_FRAME_BYTES,
  MAX_IDS_PER_FETCH,
} from './group-wire.ts'
import { createPeerStreams, type PeerStream } from './peer-streams.ts'
import type { ServerRecord } from './server-record.ts'

export const GROUP_STREAMS_DEFAULTS = {
  /** Streams that stay open for the next question. */
  maxStreams: 32,
  /** Questions of one peer, on all its streams: so many at once, and so many per second for long. More end the stream. */
  burst: 64,
  perSecond: 4,
  /** For so many counts a question of a peer that is not known as a server: a joiner has a few, and each answer looks at all servers. */
  strangerCost: 4,
}

export type GroupStreamsOptions = Partial<typeof GROUP_STREAMS_DEFAULTS>

/** Streams of one connection: one is in use, another may be about to end. */
const MAX_INBOUND_STREAMS = 4
/** Peers whose questions are counted; those that have asked nothing for longest are forgotten, and have asked nothing since. */
const MAX_PEERS = 1_024
const MAX_UNSENT_BYTES = 1_048_576
const OPEN_MS = 3_000

/** A server as groups know it, and how it is reached. */
export interface GroupPeer extends Server {
  peer: PeerId
  /** Its signed addresses, of one that another has told of. */
  record?: ServerRecord
  /** The one that has told of it, its peer id. */
  source?: string
}

export function groupPeer(peer: PeerId): GroupPeer {
  return { id: peer.toString(), place: placeOf(sha256AtOnce(peer.toMultihash().bytes)), peer }
}

interface AnsweredStream extends PeerStream {
  frames: FrameStream
}

export interface GroupStreamsContext {
  libp2p: Pick<Libp2p, 'getConnections' | 'dial' | 'handle' | 'unhandle'>
  /** The server, where there is a link to it. */
  linkOf(id: string): GroupPeer | undefined
  /** The signed addresses of a server, where they are known. */
  recordOf(id: string): Uint8Array | undefined
  /** @throws {MayflyError} ERR_BAD_FRAME when it is none, or not signed by its server */
  openRecord(bytes: Uint8Array): Promise<ServerRecord>
  answer(from: GroupPeer, question: Question, reply: (answer: Answer<GroupPeer>) => void): void
  /** Takes the answer of a server. */
  onAnswer(from: GroupPeer, turn: number, answer: Answer<GroupPeer>): void
}

export type GroupStreams = ReturnType<typeof createGroupStreams>

const multihashOf = (id: string) => peerIdFromString(id).toMultihash().bytes
/** @throws {Error} when it is none */
const idOf = (multihash: Uint8Array) => peerIdFromMultihash(decodeDigest(multihash)).toString()

export function createGroupStreams(context: GroupStreamsContext, options: GroupStreamsOptions = {}, timers: Timers = TIMERS) {
  const { libp2p, linkOf, recordOf, openRecord } = context
  const { maxStreams, burst, perSecond, strangerCost } = { ...GROUP_STREAMS_DEFAULTS, ...options }
  const rates = createTokenBuckets({ burst, perSecond, maxKeys: MAX_PEERS, now: timers.now })
  const streams = createPeerStreams<AnsweredStream>(
    { libp2p, protocol: GROUPS_PROTOCOL, kinds: ['socket'], create: ({ peer, stream, onEnd }) => readAnswers(peer, stream, onEnd) },
    { openTimeoutMs: OPEN_MS, maxStreams },
  )

  /** A question to a server that does not speak the protocol, or that is gone, has no answer. */
  async function sendQuestion({ peer }: GroupPeer, turn: number, question: Question): Promise<void> {
    const frame = questionFrame(turn, question)
    if (frame === undefined) return
    if (libp2p.getConnections(peer).length === 0) return
    const { frames } = streams.get(peer) ?? (await streams.open(peer))
    frames.send(encodeGroupFrame(frame))
  }

  function readAnswers(peer: PeerId, stream: Stream, onEnd: () => void): AnsweredStream {
    const id = peer.toString()
    const give = (turn: number, answer: Answer<GroupPeer>) => {
      const from = linkOf(id)
      if (from !== undefined) context.onAnswer(from, turn, answer)
    }
    const frames = createFrameStream(stream, {
      maxFrameBytes: MAX_GROUP_FRAME_BYTES,
      maxUnsentBytes: MAX_UNSENT_BYTES,
      onFrame(frame) {
        const read = decodeGroupFrame(frame)
        if (read.type === 'roster') give(read.turn, { type: 'roster', ids: read.ids.map(idOf) })
        if (read.type === 'spared') give(read.turn, { type: 'spare', isSpare: read.isSpare })
        if (read.type === 'servers') void openAll(read.records, id).then((servers) => give(read.turn, { type: 'servers', servers }))
        if (read.type === 'group') {
          const { turn, records, ...group } = read
          const all = Promise.all([openAll(records, id), openAll(read.delegates, id)])
          void all.then(([servers, delegates]) => give(turn, { ...group, servers, delegates }))
        }
      },
      onEnd,
    })
    return {
      frames,
      get open() {
        return frames.open
      },
      close: () => frames.close(),
    }
  }

  /** A record that is none is left out. */
  async function openAll(records: readonly Uint8Array[], source: string): Promise<GroupPeer[]> {
    const opened = await Promise.all(records.map((bytes) => openRecord(bytes).catch(() => undefined)))
    return opened.flatMap((record) => (record === undefined ? [] : { ...groupPeer(record.peer), record, source }))
  }

  function onStream(stream: Stream, { remotePeer }: Connection): void {
    const id = remotePeer.toString()
    const frames = createFrameStream(stream, {
      maxFrameBytes: MAX_GROUP_FRAME_BYTES,
      maxUnsentBytes: MAX_UNSENT_BYTES,
      onFrame(frame) {
        const read = decodeGroupFrame(frame)
        const link = linkOf(id)
        if (rates.take(id, link === undefined ? strangerCost : 1) > 0) frames.abort(new Error('too many questions'))
        else answer(read, link)
      },
      onEnd() {},
    })
    function answer(read: GroupFrame, link: GroupPeer | undefined): void {
      const question = questionOf(read)
      if (question === undefined) return
      const { turn } = read
      // A joiner asks before it is known as a server.
      const from = link ?? (question.type === 'join' || question.type === 'mates' ? groupPeer(remotePeer) : undefined)
      if (from === undefined) return void frames.send(encodeGroupFrame(emptyAnswer(turn, question)))
      context.answer(from, question, (given) => {
        const frame = answerFrame(turn, given, recordOf)
        if (frame !== undefined && frames.open) frames.send(encodeGroupFrame(frame))
      })
    }
  }

  return {
    send(to: GroupPeer, message: GroupMessage<GroupPeer>) {
      if (message.type === 'question') sendQuestion(to, message.turn, message.question).catch(() => {})
    },
    start: () => libp2p.handle(GROUPS_PROTOCOL, onStream, { maxInboundStreams: MAX_INBOUND_STREAMS }),
    async stop() {
      streams.stop()
      await libp2p.unhandle(GROUPS_PROTOCOL)
    },
  }
}

/** Undefined for a question that a simulation alone asks. */
function questionFrame(turn: number, question: Question): GroupFrame | undefined {
  switch (question.type) {
    case 'compare':
      return { ...question, mix: question.mix >>> 0, turn }
    case 'fetch':
      return { type: 'fetch', turn, ids: question.ids.slice(0, MAX_IDS_PER_FETCH).map(multihashOf) }
    case 'suggest':
      return { ...question, turn, isPassedOn: question.isPassedOn === true }
    case 'spare':
      return { type: 'spare', turn }
    case 'nearest':
    case 'join':
    case 'mates':
      return { ...question, turn }
    default:
      return undefined
  }
}

/** Undefined for an answer. */
function questionOf(frame: GroupFrame): Question | undefined {
  switch (frame.type) {
    case 'compare':
      return { ...frame, mix: frame.mix | 0 }
    case 'fetch':
      return { type: 'fetch', ids: frame.ids.map(idOf) }
    case 'suggest':
    case 'spare':
    case 'nearest':
    case 'join':
    case 'mates':
      return frame
    default:
      return undefined
  }
}

function answerFrame(turn: number, answer: Answer<GroupPeer>, recordOf: (id: string) => Uint8Array | undefined): GroupFrame | undefined {
  // One that another has told of a moment ago is in no book.
  const recordsOf = (servers: readonly GroupPeer[]) => servers.flatMap(({ id, record }) => record?.bytes ?? recordOf(id) ?? [])
  switch (answer.type) {
    case 'roster':
      return { type: 'roster', turn, ids: answer.ids.map(multihashOf) }
    case 'servers':
      return { type: 'servers', turn, records: recordsOf(answer.servers) }
    case 'spare':
      return { type: 'spared', turn, isSpare: answer.isSpare }
    case 'group':
      return { ...answer, turn, records: recordsOf(answer.servers), delegates: recordsOf(answer.delegates) }
    default:
      return undefined
  }
}

/** For one that is not known as a server. */
function emptyAnswer(turn: number, { type }: Question): GroupFrame {
  if (type === 'compare') return { type: 'roster', turn, ids: [] }
  return type === 'spare' ? { type: 'spared', turn, isSpare: false } : { type: 'servers', turn, records: [] }
}

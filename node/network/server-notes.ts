/**
 * Servers compare which others they know, as mates of a group do (node/groups/mates.ts): every few seconds with one of them, and what one lacks
 * it fetches. All servers are one group here, that of no bits. Two that have missed each other so find each other, however they came.
 */

import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromMultihash, peerIdFromString } from '@libp2p/peer-id'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { TIMERS, type Timers } from '../async/timers.ts'
import { createTokenBucket } from '../async/token-bucket.ts'
import { GROUP_DEFAULTS } from '../groups/context.ts'
import { createLinks } from '../groups/links.ts'
import { answerCompare, answerFetch, compareNotes } from '../groups/mates.ts'
import type { Answer, GroupMessage } from '../groups/messages.ts'
import { placeOf, type Server } from '../groups/place.ts'
import { createQuestions } from '../groups/questions.ts'
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
import type { RoutingTable } from './routing-table.ts'

export const SERVER_NOTES_DEFAULTS = {
  /** Between two comparisons, in ms, give or take a fifth. */
  everyMs: GROUP_DEFAULTS.gossipMs,
  /** How long an answer is waited for, in ms: longer than between links of groups, whose questions hold up a find. */
  answerMs: 3_000,
  /** Streams that stay open for the next comparison. */
  maxStreams: 8,
  /** Questions of one stream: so many at once, and so many per second for long. More end it. */
  burst: 8,
  perSecond: 0.5,
}

export type ServerNotesOptions = Partial<typeof SERVER_NOTES_DEFAULTS>

/** Streams of one connection: one is in use, another may be about to end. */
const MAX_INBOUND_STREAMS = 4
const MAX_UNSENT_BYTES = 1_048_576
const OPEN_MS = 3_000

interface LinkedServer extends Server {
  peer: PeerId
  /** Its signed addresses, of one that a mate has told of. */
  record?: Uint8Array
}

interface NotesStream extends PeerStream {
  server: LinkedServer
  frames: FrameStream
}

export interface ServerNotesContext {
  libp2p: Pick<Libp2p, 'peerId' | 'getConnections' | 'dial' | 'handle' | 'unhandle'>
  servers: Pick<RoutingTable, 'placed' | 'positionOfSelf'>
  /** The signed addresses of a server, where they are known. */
  recordOf(id: string): Uint8Array | undefined
  /** A peer has told of a server that this one lacks. */
  onTold(record: Uint8Array, source: string): void
  random(): number
}

export type ServerNotes = ReturnType<typeof createServerNotes>

const multihashOf = (id: string) => peerIdFromString(id).toMultihash().bytes
/** @throws {Error} when it is none */
const idOf = (multihash: Uint8Array) => peerIdFromMultihash(decodeDigest(multihash)).toString()

export function createServerNotes(context: ServerNotesContext, options: ServerNotesOptions = {}, timers: Timers = TIMERS) {
  const { libp2p, servers, recordOf, onTold, random } = context
  const { everyMs, answerMs, maxStreams, burst, perSecond } = { ...SERVER_NOTES_DEFAULTS, ...options }
  const questions = createQuestions<LinkedServer>({ timers, send: sendQuestion }, answerMs)
  const streams = createPeerStreams<NotesStream>(
    { libp2p, protocol: GROUPS_PROTOCOL, kinds: ['socket'], create: ({ peer, stream, onEnd }) => readAnswers(peer, stream, onEnd) },
    { openTimeoutMs: OPEN_MS, maxStreams },
  )
  let endWait: (() => void) | undefined

  /** The servers that are connected now. */
  function linksNow() {
    const self: LinkedServer = { id: libp2p.peerId.toString(), place: placeOf(servers.positionOfSelf()), peer: libp2p.peerId }
    const links = createLinks<LinkedServer>(self, () => ({ bits: 0, size: 1 }))
    for (const { name: peer, position } of servers.placed()) links.add({ id: peer.toString(), place: placeOf(position), peer })
    return links
  }

  function sendQuestion({ peer }: LinkedServer, message: GroupMessage<LinkedServer>): void {
    if (message.type !== 'question') return
    const { turn, question } = message
    const frames = streams.get(peer)?.frames
    if (question.type === 'compare') frames?.send(encodeGroupFrame({ ...question, mix: question.mix >>> 0, turn }))
    if (question.type === 'fetch') {
      const ids = question.ids.slice(0, MAX_IDS_PER_FETCH).map(multihashOf)
      frames?.send(encodeGroupFrame({ type: 'fetch', turn, ids }))
    }
  }

  function readAnswers(peer: PeerId, stream: Stream, onEnd: () => void): NotesStream {
    const server: LinkedServer = { id: peer.toString(), place: placeOf(new Uint8Array(32)), peer }
    const frames = createFrameStream(stream, {
      maxFrameBytes: MAX_GROUP_FRAME_BYTES,
      maxUnsentBytes: MAX_UNSENT_BYTES,
      onFrame(frame) {
        const read = decodeGroupFrame(frame)
        if (read.type === 'roster') questions.onAnswer(server, read.turn, { type: 'roster', ids: read.ids.map(idOf) })
        if (read.type === 'servers') {
          // A record is not opened yet: all servers are of one group, so its place does not matter here.
          questions.onAnswer(server, read.turn, { type: 'servers', servers: read.records.map((record) => ({ ...server, record })) })
        }
      },
      onEnd,
    })
    return {
      server,
      frames,
      get open() {
        return frames.open
      },
      close: () => frames.close(),
    }
  }

  function onStream(stream: Stream, connection: Connection): void {
    const rate = createTokenBucket({ burst, perSecond, now: timers.now })
    const frames = createFrameStream(stream, {
      maxFrameBytes: MAX_GROUP_FRAME_BYTES,
      maxUnsentBytes: MAX_UNSENT_BYTES,
      onFrame(frame) {
        const question = decodeGroupFrame(frame)
        if (rate.take() > 0) frames.abort(new Error('too many questions'))
        else answer(question, connection.remotePeer)
      },
      onEnd() {},
    })
    function answer(question: GroupFrame, peer: PeerId): void {
      const links = linksNow()
      const { turn } = question
      const from = links.get(peer.toString())
      if (question.type === 'compare') {
        const roster: Answer<LinkedServer> =
          from === undefined ? { type: 'roster', ids: [] } : answerCompare(links, from, { ...question, mix: question.mix | 0 })
        if (roster.type === 'roster') frames.send(encodeGroupFrame({ type: 'roster', turn, ids: roster.ids.map(multihashOf) }))
      }
      if (question.type === 'fetch') {
        const fetched = answerFetch(links, { type: 'fetch', ids: question.ids.map(idOf) })
        const records = fetched.type === 'servers' ? fetched.servers.flatMap(({ id }) => recordOf(id) ?? []) : []
        frames.send(encodeGroupFrame({ type: 'servers', turn, records }))
      }
    }
  }

  async function compare(): Promise<void> {
    const known = servers.placed()
    const chosen = known[Math.floor(random() * known.length)]
    if (chosen === undefined) return
    const { server } = streams.get(chosen.name) ?? (await streams.open(chosen.name))
    compareNotes(server, linksNow(), questions, {
      want({ record }) {
        if (record !== undefined) onTold(record, server.id)
      },
    })
  }

  const wait = () => {
    endWait = timers.after(everyMs * (0.8 + 0.4 * random()), () => {
      compare().catch(() => {}) // an older node does not speak the protocol
      wait()
    })
  }

  return {
    async start() {
      if (endWait !== undefined) return
      wait()
      await libp2p.handle(GROUPS_PROTOCOL, onStream, { maxInboundStreams: MAX_INBOUND_STREAMS })
    },
    async stop() {
      endWait?.()
      questions.stop()
      streams.stop()
      await libp2p.unhandle(GROUPS_PROTOCOL)
    },
  }
}

/** A peer that announces what it does not give: it keeps presence like anybody else, and lies on the content protocol. */

import { createServer } from 'node:http'
import type { Stream } from '@libp2p/interface'
import { onTestFinished } from 'vitest'
import { MIN_PIECE_BYTES, pieceCount, pieceSize } from '../../node/content/format/outline.ts'
import { outlineSource } from '../../node/content/format/outlining.ts'
import { fullPieceSet } from '../../node/content/format/piece-set.ts'
import { memorySource } from '../../node/content/format/source.ts'
import { CHUNK_BYTES, CONTENT_PROTOCOL, type ContentFrame, decodeContent, encodeContent } from '../../node/content/protocol/wire.ts'
import type { Key, PeerEvent } from '../../node/index.ts'
import { createPortableHasher } from '../../node/keys/index.ts'
import { NODE_LIMITS } from '../../node/limits.ts'
import { createFrameStream, createOverlay, createSupervisor, type FrameStream } from '../../node/network/index.ts'
import { createRecordStore, createRendezvous, PRESENCE_PROTOCOL, ProviderStore } from '../../node/rendezvous/index.ts'
import { createWebSocketListener } from '../../node/server/port/listener.ts'

export type Lie = 'wrong' | 'short' | 'endless' | 'silent' | 'too-long' | 'refuses' | 'false-outline' | 'claims-pieces' | 'wrong-pieces'

/** What a liar does with a question; the frames are its answer. */
function tell(lie: Lie, frames: FrameStream, id: number): void {
  const send = (frame: ContentFrame) => frames.send(encodeContent(frame))
  const garbage = (size: number) => crypto.getRandomValues(new Uint8Array(size))
  if (lie === 'wrong') send({ type: 'chunk', id, total: 64, bytes: garbage(64) })
  if (lie === 'short') send({ type: 'chunk', id, total: 1_024, bytes: garbage(100) })
  if (lie === 'too-long') send({ type: 'chunk', id, total: 2 ** 40, bytes: garbage(1_000) })
  if (lie === 'refuses') send({ type: 'none', id, reason: 'not-held' })
  if (lie === 'endless') {
    let left = 200 // it has an end, so that a reader who never stops fails the test instead of the machine
    const timer = setInterval(() => {
      if (left-- === 0 || !send({ type: 'chunk', id, total: 262_144, bytes: garbage(10_000) })) clearInterval(timer)
    }, 5)
  }
}

/** Gives other content than the key's, of the same size, with an outline and pieces that fit each other. */
async function createImpostor(bytes: Uint8Array) {
  const { outline, outlineBytes } = await outlineSource(memorySource(bytes), MIN_PIECE_BYTES, createPortableHasher)
  if (outline === undefined || outlineBytes === undefined) throw new Error('content in pieces was expected')
  return (frames: FrameStream, frame: ContentFrame) => {
    const give = (type: 'chunk' | 'outline-chunk', id: number, part: Uint8Array) => {
      for (let at = 0; at < part.byteLength; at += CHUNK_BYTES) {
        frames.send(encodeContent({ type, id, total: part.byteLength, bytes: part.subarray(at, at + CHUNK_BYTES) }))
      }
    }
    if (frame.type === 'ask') give('outline-chunk', frame.id, outlineBytes)
    if (frame.type === 'ask-piece') {
      const start = frame.index * outline.pieceBytes
      give('chunk', frame.id, bytes.subarray(start, start + pieceSize(outline, frame.index)))
    }
  }
}

/** Says that it has all pieces of the content; gives wrong bytes of the right size, or none. */
async function createClaimant(bytes: Uint8Array, isGiving: boolean) {
  const { outline } = await outlineSource(memorySource(bytes), MIN_PIECE_BYTES, createPortableHasher)
  if (outline === undefined) throw new Error('content in pieces was expected')
  return (frames: FrameStream, frame: ContentFrame) => {
    const { id } = frame
    if (frame.type === 'follow-pieces') {
      frames.send(encodeContent({ type: 'pieces', id, bitmap: fullPieceSet(pieceCount(outline)).encode() }))
    }
    if (frame.type !== 'ask-piece' || !isGiving) return
    const total = pieceSize(outline, frame.index)
    for (let at = 0; at < total; at += CHUNK_BYTES) {
      frames.send(encodeContent({ type: 'chunk', id, total, bytes: new Uint8Array(Math.min(CHUNK_BYTES, total - at)) }))
    }
  }
}

export interface Liar {
  id: string
  lie: Lie
  /** How often it was asked. */
  readonly asked: number
  stop(): Promise<void>
}

export interface LiarOptions {
  lie: Lie
  key: Key
  join: string
  role: 'node' | 'tab'
  /** What a false outline is of, or what its pieces are claimed of. */
  content?: Uint8Array
}

/** Joins, holds the key, lies. `role` 'node' is its own home; 'tab' lies through an honest one. */
export async function startLiar(options: LiarOptions): Promise<Liar> {
  const { lie, key, join, role } = options
  const content = options.content ?? new Uint8Array()
  const isClaimant = lie === 'claims-pieces' || lie === 'wrong-pieces'
  const impersonate = isClaimant
    ? await createClaimant(content, lie === 'wrong-pieces')
    : lie === 'false-outline'
      ? await createImpostor(content)
      : undefined
  const server = createServer()
  if (role === 'node') await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const listener = role === 'node' ? createWebSocketListener(server) : undefined
  const store = createRecordStore(NODE_LIMITS, Date.now, Math.random)
  const { libp2p, privateKey, servers } = await createOverlay({
    role,
    transport: listener?.transport,
    listen: listener?.listen,
    providerStore: new ProviderStore({ store, now: Date.now, network: () => undefined }),
    maxConnections: 100,
    serverProtocol: PRESENCE_PROTOCOL,
  })
  const emit = (_event: PeerEvent) => {}
  const supervisor = createSupervisor({ libp2p, servers, role, emit, random: Math.random })
  const isJoined = () => servers.size > 0
  const presence = createRendezvous({
    libp2p,
    privateKey,
    role,
    servers,
    supervisor,
    store,
    limits: NODE_LIMITS,
    isJoined,
    emit,
    now: Date.now,
    random: Math.random,
  })
  let asked = 0
  await libp2p.handle(CONTENT_PROTOCOL, (stream: Stream) => {
    const frames = createFrameStream(stream, {
      maxFrameBytes: 65_536,
      maxUnsentBytes: 16_000_000,
      onFrame: (raw) => {
        const frame = decodeContent(raw)
        if (impersonate !== undefined) {
          if (frame.type === 'ask' || frame.type === 'ask-piece') asked++
          impersonate(frames, frame)
          return
        }
        if (frame.type !== 'ask') return
        asked++
        tell(lie, frames, frame.id)
      },
      onEnd: () => {},
    })
  })
  await servers.start()
  await presence.start()
  await libp2p.start()
  supervisor.join([join])
  supervisor.start()
  presence.hold(key)
  const stop = async () => {
    supervisor.stop()
    await presence.stop()
    servers.stop()
    await libp2p.stop()
    server.closeAllConnections()
    server.close()
  }
  onTestFinished(stop)
  return {
    id: libp2p.peerId.toString(),
    lie,
    get asked() {
      return asked
    },
    stop,
  }
}

/**
 * The asking end of the content protocol: one long-lived stream to each peer that is asked, many answers on it at once. Bytes are put
 * together here and judged by size; whether they are right is for the caller, who knows the key.
 */

import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createFrameStream, type FrameStream } from '../network/index.ts'
import type { AbortOptions, Key } from '../types.ts'
import {
  type AskScope,
  CHUNK_BYTES,
  type Chunk,
  CONTENT_PROTOCOL,
  decodeContent,
  encodeContent,
  MAX_CONTENT_FRAME_BYTES,
  type NoContent,
} from './wire.ts'

/** What came of asking: bytes (unchecked), a reason why there are none, or how the answer broke the rules. */
export type AskResult = { bytes: Uint8Array } | { none: NoContent } | { broken: string }

export interface Asking {
  /**
   * @param stallMs how long nothing may arrive before the answer counts as broken
   * @throws signal.reason, when aborted
   */
  ask(peer: PeerId, addresses: string[], key: Key, scope: AskScope, stallMs: number, options: Required<AbortOptions>): Promise<AskResult>
  stop(): void
}

interface Pending {
  parts: Uint8Array[]
  received: number
  total: number | undefined
  heard(): void
  done(result: AskResult): void
}

interface Channel {
  frames: FrameStream
  /** By id. Bounded: each is taken out by its answer, its time-out or the end of the stream. */
  pending: Map<number, Pending>
}

/** How long opening the stream may take, dial included, in ms. */
const OPEN_MS = 3_000
const MAX_UNSENT_BYTES = 1_048_576

export function createAsking(libp2p: Libp2p, maxContentBytes: number): Asking {
  /** By peer id. Bounded by the connections. */
  const channels = new Map<string, Promise<Channel>>()
  let nextId = 1

  async function connect(peer: PeerId, addresses: string[], signal: AbortSignal): Promise<Connection> {
    const open = libp2p.getConnections(peer).find(({ status }) => status === 'open')
    if (open !== undefined) return open
    const targets = addresses.flatMap((text): Multiaddr[] => {
      const address = multiaddr(text)
      const named = address.getComponents().some(({ name }) => name === 'p2p')
      return [named ? address : address.encapsulate(`/p2p/${peer.toString()}`)]
    })
    return libp2p.dial(targets.length > 0 ? targets : peer, { signal })
  }

  async function openChannel(peer: PeerId, addresses: string[]): Promise<Channel> {
    const signal = AbortSignal.timeout(OPEN_MS)
    const connection = await connect(peer, addresses, signal)
    if (!connection.remotePeer.equals(peer)) throw new Error('somebody else answers at that address')
    const stream = await connection.newStream(CONTENT_PROTOCOL, { signal })
    const pending: Channel['pending'] = new Map()
    const frames = createFrameStream(stream, {
      maxFrameBytes: MAX_CONTENT_FRAME_BYTES,
      maxUnsentBytes: MAX_UNSENT_BYTES,
      onFrame: (raw) => {
        const frame = decodeContent(raw)
        if (frame.type === 'none') pending.get(frame.id)?.done({ none: frame.reason })
        if (frame.type === 'chunk') {
          // A holder with a narrow line gives one content after the other: while any of them comes, none has stalled.
          for (const waiting of pending.values()) waiting.heard()
          onChunk(pending.get(frame.id), frame)
        }
      },
      onEnd: (reason) => {
        channels.delete(peer.toString())
        for (const answer of pending.values()) answer.done({ broken: `the stream ended${reason ? `: ${reason.message}` : ''}` })
      },
    })
    return { frames, pending }
  }

  function onChunk(answer: Pending | undefined, chunk: Chunk): void {
    if (answer === undefined) return
    answer.total ??= chunk.total
    const broken = breach(answer, chunk)
    if (broken !== undefined) {
      answer.done({ broken })
      return
    }
    answer.received += chunk.bytes.byteLength
    answer.parts.push(chunk.bytes.slice())
    if (answer.received === chunk.total) answer.done({ bytes: joined(answer.parts, chunk.total) })
  }

  /** How a chunk breaks what was promised before it, if it does. */
  function breach({ total: promised, received }: Pending, { total, bytes }: Chunk): string | undefined {
    if (total !== promised) return 'it changed the size while sending'
    if (total > maxContentBytes) return `${total} bytes is over the limit of ${maxContentBytes}`
    if (received + bytes.byteLength > total) return `more bytes than the ${total} it promised`
    // Crumbs would keep an answer alive for ever, and cost more memory than their bytes.
    if (bytes.byteLength !== Math.min(CHUNK_BYTES, total - received)) return `a chunk of ${bytes.byteLength} bytes, not of ${CHUNK_BYTES}`
    return undefined
  }

  function channelTo(peer: PeerId, addresses: string[]): Promise<Channel> {
    const id = peer.toString()
    let channel = channels.get(id)
    if (channel === undefined) {
      channel = openChannel(peer, addresses)
      channels.set(id, channel)
      channel.catch(() => channels.delete(id))
    }
    return channel
  }

  return {
    ask(peer, addresses, key, scope, stallMs, { signal }) {
      return new Promise((resolve, reject) => {
        const id = nextId++
        let channel: Channel | undefined
        let timer: ReturnType<typeof setTimeout> | undefined
        let ended = false
        const end = () => {
          ended = true
          clearTimeout(timer)
          signal.removeEventListener('abort', onAbort)
          channel?.pending.delete(id)
        }
        const onAbort = () => {
          if (channel?.pending.has(id)) channel.frames.send(encodeContent({ type: 'cancel', id }))
          end()
          reject(signal.reason)
        }
        const done = (result: AskResult) => {
          if ('broken' in result && channel?.frames.open) channel.frames.send(encodeContent({ type: 'cancel', id }))
          end()
          resolve(result)
        }
        const heard = () => {
          clearTimeout(timer)
          timer = setTimeout(() => done({ broken: `nothing arrived for ${stallMs} ms` }), stallMs)
        }
        if (signal.aborted) return onAbort()
        signal.addEventListener('abort', onAbort, { once: true })
        heard()
        channelTo(peer, addresses).then(
          (opened) => {
            if (ended) return // the stream opened too late for this question
            channel = opened
            opened.pending.set(id, { parts: [], received: 0, total: undefined, heard, done })
            if (!opened.frames.send(encodeContent({ type: 'ask', id, key, scope }))) done({ broken: 'the stream has ended' })
          },
          (error: unknown) => done({ broken: error instanceof Error ? error.message : String(error) }),
        )
      })
    },
    stop() {
      for (const channel of channels.values()) channel.then(({ frames }) => frames.close()).catch(() => {})
      channels.clear()
    },
  }
}

function joined(parts: Uint8Array[], total: number): Uint8Array {
  const only = parts.length === 1 ? parts[0] : undefined
  if (only !== undefined) return only
  const whole = new Uint8Array(total)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}

/** Ways between any number of peers in memory. A peer may leave, and then nothing reaches it. Frames arrive in a later turn, as the same bytes. */

import { inNextTurn } from '../../node/async/turn.ts'
import { MayflyError } from '../../node/errors.ts'
import { decodeFrame, encodeFrame, type Frame, type FrameStream, type FrameStreamOptions } from '../../node/network/index.ts'
import type { Way, Ways } from '../../node/people/way/types.ts'

export interface JoinedWays extends Pick<Ways, 'open' | 'handle'> {
  /** All its ways are cut, and no more is opened to it or by it. */
  leave(): void
}

/** Peers that never connect directly. */
export const NO_DIRECT: Pick<Ways, 'wantDirect' | 'mayOpenDirect' | 'offerDirect' | 'answerDirect'> = {
  wantDirect: () => false,
  mayOpenDirect: () => false,
  offerDirect: () => undefined,
  answerDirect: () => undefined,
}

interface Handler {
  onWay(way: Way): void
  limits: Parameters<Ways['handle']>[2]
  open: string[]
}

type End = ReturnType<typeof createEnd>

export function createWayNetwork() {
  const handlers = new Map<string, Map<string, Handler>>()
  /** Ends of each peer. Bounded by the test. */
  const ends = new Map<string, Set<End>>()

  return {
    /** The frames that have come to a peer, as bytes. */
    heardBy: (peer: string) => [...(ends.get(peer) ?? [])].flatMap(({ heard }) => heard),
    join(self: string): JoinedWays {
      handlers.set(self, new Map())
      ends.set(self, new Set())
      return {
        async open({ peer }, protocol, { signal } = {}) {
          await new Promise(setImmediate)
          signal?.throwIfAborted()
          const handler = handlers.get(peer)?.get(protocol)
          if (!handlers.has(self) || handler === undefined) throw new MayflyError('ERR_UNAVAILABLE', `Cannot reach ${peer}`)
          const { maxInbound, maxInboundPerPeer } = handler.limits
          const isFull = handler.open.length >= maxInbound || handler.open.filter((other) => other === self).length >= maxInboundPerPeer
          if (isFull) throw new MayflyError('ERR_LIMIT', 'Too many ways')
          handler.open.push(self)
          const [one, other] = [createEnd(() => {}), createEnd(() => void handler.open.splice(handler.open.indexOf(self), 1))]
          one.join(other)
          other.join(one)
          ends.get(self)?.add(one)
          ends.get(peer)?.add(other)
          handler.onWay(other.way({ peer: self, kind: 'relayed', direction: 'inbound', protocol }))
          return one.way({ peer, kind: 'relayed', direction: 'outbound', protocol })
        },
        handle(protocol, onWay, limits) {
          handlers.get(self)?.set(protocol, { onWay, limits, open: [] })
          return () => void handlers.get(self)?.delete(protocol)
        },
        leave() {
          handlers.delete(self)
          for (const end of ends.get(self) ?? []) end.cut(new Error(`${self} has left`))
        },
      }
    },
  }
}

function createEnd(onOver: () => void) {
  let options: FrameStreamOptions | undefined
  let other: End | undefined
  let isOpen = true
  const heard: Uint8Array[] = []

  function end(reason: Error | undefined): void {
    if (!isOpen) return
    isOpen = false
    onOver()
    options?.onEnd(reason)
  }
  const abort = (reason: Error) => {
    if (!isOpen) return
    inNextTurn(() => other?.end(new Error('reset')))
    end(reason)
  }

  const frames: FrameStream = {
    get open() {
      return isOpen
    },
    send(frame: Frame) {
      if (!isOpen) return false
      const bytes = encodeFrame(frame)
      inNextTurn(() => other?.take(bytes))
      return true
    },
    flush: () => isOpen,
    writable: async () => isOpen,
    pause() {},
    resume() {},
    close() {
      if (!isOpen) return
      inNextTurn(() => other?.end(undefined))
      end(undefined)
    },
    abort,
  }
  const self = {
    end,
    heard,
    join(end: { end(reason: Error | undefined): void; take(bytes: Uint8Array): void }) {
      other = end as End
    },
    take(bytes: Uint8Array) {
      if (!isOpen) return
      heard.push(bytes)
      try {
        if (options === undefined) throw new Error('a frame came before anybody listened')
        if (bytes.byteLength > options.maxFrameBytes) throw new MayflyError('ERR_TOO_LARGE', 'a frame over the limit')
        options.onFrame(decodeFrame(bytes))
      } catch (error) {
        abort(error as Error)
      }
    },
    cut(reason: Error) {
      abort(reason)
    },
    way: (facts: Pick<Way, 'peer' | 'kind' | 'direction' | 'protocol'>): Way => ({
      ...facts,
      createFrames(own) {
        options = own
        return frames
      },
      abort,
    }),
  }
  return self
}

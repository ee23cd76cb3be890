/** A tab's home: the node whose stream keeps it in the overlay. When it goes, any other server that the tab is connected to will do. */

import type { Libp2p, PeerId } from '@libp2p/interface'
import { raceAbort, timeoutSignal } from '../async/abort.ts'
import { createEmitter } from '../async/emitter.ts'
import { connectionKind } from '../network/index.ts'
import type { PresenceStream } from './presence-stream.ts'
import type { PresenceStreams } from './presence-streams.ts'

/** How often a tab without a home looks at its connections, should an event have been missed. */
const LOOK_MS = 1_000
/** How long a tab waits for a server to welcome it before it tries another, in ms. */
const WELCOME_MS = 2_000

export type Home = ReturnType<typeof createHome>

/** @param follow a tab takes the time from its home: called before it signs what its home will read */
export function createHome(libp2p: Libp2p, streams: Pick<PresenceStreams, 'open'>, follow: (peer: string) => void) {
  const changes = createEmitter<PeerId | undefined>()
  let home: PresenceStream | undefined
  let isChoosing = false
  /** Somebody connected while those from before were tried. */
  let isAgain = false
  let isStopped = true
  let timer: ReturnType<typeof setInterval> | undefined

  /** False when the peer is no node, or is gone meanwhile. */
  async function tryPeer(peer: PeerId): Promise<boolean> {
    try {
      const stream = await streams.open(peer)
      await raceAbort(stream.welcomed, timeoutSignal(WELCOME_MS))
      if (isStopped || !stream.open) return false
      follow(stream.id)
      home = stream
      changes.emit(peer)
      return true
    } catch {
      return false
    }
  }

  async function choose(): Promise<void> {
    isAgain = isChoosing
    if (isChoosing || isStopped || home !== undefined) return
    isChoosing = true
    try {
      do {
        isAgain = false
        for (const peer of libp2p.getPeers()) {
          // Presence never rests on WebRTC, which notices too late that the other is gone, nor on a circuit.
          if (!libp2p.getConnections(peer).some((connection) => connectionKind(connection) === 'socket')) continue
          if (await tryPeer(peer)) return
        }
      } while (isAgain && !isStopped)
    } finally {
      isChoosing = false
    }
  }
  const look = () => void choose()

  return {
    get peer() {
      return home?.peer
    },
    /** The tab has a home, another one, or none. Returns the function that ends it. */
    onChange: changes.on,
    /** A presence stream has ended: the home's, or another one. */
    onStreamEnd(stream: PresenceStream) {
      if (home !== stream) return
      home = undefined
      changes.emit(undefined)
      look()
    },
    start() {
      isStopped = false
      libp2p.addEventListener('peer:connect', look)
      timer ??= setInterval(look, LOOK_MS)
      look()
    },
    stop() {
      isStopped = true
      libp2p.removeEventListener('peer:connect', look)
      clearInterval(timer)
      timer = undefined
    },
  }
}

/** Tabs and nodes with ways, on real sockets: what stands under people, without people. */

import type { Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { onTestFinished } from 'vitest'
import { NODE_LIMITS } from '../../node/limits.ts'
import type { Frame, FrameStream, TransportFactory } from '../../node/network/index.ts'
import { createPeopleRelay } from '../../node/people/way/relay-server.ts'
import type { Way, WayTarget } from '../../node/people/way/types.ts'
import { createWays, type WaysOptions, type WaysService } from '../../node/people/way/ways.ts'
import type { TestNode } from './network.ts'
import { type RawPeer, startRawPeer } from './raw-peer.ts'
import { waitFor } from './wait-for.ts'

export interface WaysPeer {
  readonly id: string
  readonly raw: RawPeer
  readonly ways: WaysService
  /** Where others find it. */
  readonly target: WayTarget
}

export async function startWaysTab(home: TestNode, options: WaysOptions & { webRTC?: TransportFactory } = {}): Promise<WaysPeer> {
  const raw = await startRawPeer({ role: 'tab', join: [home.address], ...(options.webRTC && { webRTC: options.webRTC }) })
  onTestFinished(() => raw.stop())
  await waitFor(() => raw.presence?.home !== undefined, 20_000, 'the tab has a home')
  await waitFor(() => home.peer.status().counts.tabs > 0, 20_000, 'the home has a tab')
  const tab = startWays(raw, { peer: raw.id, home: home.peer.id, addresses: [home.address] }, undefined, options)
  await tab.ways.start()
  return tab
}

/**
 * Ways of a peer that has no node's part of the relay. They are not started: only opening works.
 *
 * @param isSeen false for a peer to which an open connection is not used
 */
export function startWays(raw: RawPeer, target: WayTarget, isSeen?: (peer: string) => boolean, options: WaysOptions = {}): WaysPeer {
  const getConnections = (peer?: PeerId) => raw.libp2p.getConnections(peer).filter((each) => isSeen?.(each.remotePeer.toString()))
  const libp2p: Libp2p = isSeen === undefined ? raw.libp2p : Object.create(raw.libp2p, { getConnections: { value: getConnections } })
  const role = target.peer === target.home ? 'node' : 'tab'
  const home = () => (role === 'node' ? undefined : (raw.presence?.home ?? peerIdFromString(target.home)))
  const ways = createWays({ libp2p, role, privateKey: raw.privateKey, home, direct: raw.direct, random: Math.random }, options)
  return { id: raw.id, raw, ways, target }
}

export async function startWaysNode(join: TestNode): Promise<WaysPeer> {
  const raw = await startRawPeer({ role: 'node', join: [join.address] })
  onTestFinished(() => raw.stop())
  const { libp2p, privateKey } = raw
  const relay = createPeopleRelay({ libp2p, isTab: () => false, addressesOf: () => [], limits: NODE_LIMITS })
  const ways = createWays({ libp2p, role: 'node', privateKey, home: () => undefined, relay, direct: undefined, random: Math.random })
  await ways.start()
  return { id: raw.id, raw, ways, target: { peer: raw.id, home: raw.id, addresses: libp2p.getMultiaddrs().map(String) } }
}

export interface TestEnd {
  way: Way
  frames: FrameStream
  received: Frame[]
  /** How it ended. */
  ends: (Error | undefined)[]
}

/** Takes a way over and keeps what comes. */
export function takeWay(way: Way, onFrame: (frame: Frame, frames: FrameStream) => void = () => {}): TestEnd {
  const end: TestEnd = { way, received: [], ends: [] } as unknown as TestEnd
  end.frames = way.createFrames({
    maxFrameBytes: 1_048_576,
    maxUnsentBytes: 64 * 1_048_576,
    onFrame(frame) {
      end.received.push(frame)
      onFrame(frame, end.frames)
    },
    onEnd: (reason) => void end.ends.push(reason),
  })
  return end
}

/** Takes all ways of the protocol; each frame is sent back. */
export function echoWays({ ways }: WaysPeer, protocol: string, limits = { maxInboundPerPeer: 64, maxInbound: 1_024 }): TestEnd[] {
  const ends: TestEnd[] = []
  ways.handle(protocol, (way) => void ends.push(takeWay(way, (frame, frames) => frames.send(frame))), limits)
  return ends
}

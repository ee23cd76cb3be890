/**
 * Record nodes of ends, as the routing table has them now: where they are, which of them get receipts, and from which this home collects stored
 * messages for its receivers.
 */

import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createRecentMap } from '../../async/recent-map.ts'
import { createSingleFlight } from '../../async/single-flight.ts'
import { encodeKeyHex, positionOf } from '../../keys/index.ts'
import type { RoutingTable, ServerGroups } from '../../network/index.ts'
import {
  createNodePlacement,
  createStandingStatements,
  RECORD_NODES,
  type Standing,
  type StandingStatements,
  standing,
} from '../../rendezvous/index.ts'
import type { Key } from '../../types.ts'
import { isTapProofTimely, type TapProof } from '../format/proof.ts'
import type { RequestStreams } from '../protocol/request-streams.ts'
import type { ReceiptListener, SeenMessage, SeenMessages } from './seen-messages.ts'

/** A statement to the record nodes of a hashname: its receiver is here, and collects its stored messages. */
interface Collection extends Standing {
  proof: TapProof
}

/** Ends whose record nodes are remembered while the servers stay the same. */
const MAX_PLACES = 1_024
/** How long those of another group are believed to be the same, in ms. */
const ELSEWHERE_MS = 30_000
/** The same while this node joins, and is told of few, in ms. */
const JOINING_MS = 500

/** A node's groups, and where servers of other groups can be dialled. */
export interface MessageGroups {
  groups: ServerGroups
  rememberAddresses(peer: string, addresses: Multiaddr[]): void
}

export type RecordNodes = ReturnType<typeof createRecordNodes>

export function createRecordNodes(
  servers: RoutingTable,
  streams: Pick<RequestStreams, 'send'>,
  seenMessages: SeenMessages,
  now: () => number,
  elsewhere?: MessageGroups,
) {
  const placement = createNodePlacement(servers, elsewhere?.groups)
  /** By the end's key, hex. */
  const places = createRecentMap<string, { nodes: PeerId[]; isSelf: boolean }>({ maxEntries: MAX_PLACES, order: 'added' })
  /** One for each node and all messages, so that a receipt that names many is sent once. By peer id. Bounded by the servers. */
  const listeners = new Map<string, ReceiptListener>()
  /** Record nodes of positions in other groups, by position, hex. They are dialled where something is to be said to them. */
  const others = createRecentMap<string, { nodes: PeerId[]; untilMs: number }>({ maxEntries: MAX_PLACES, order: 'added' })
  const lookups = createSingleFlight<string, PeerId[]>()
  const isElsewhere = (position: Uint8Array) => placement.delegates?.(position) !== undefined

  async function lookUp(position: Uint8Array): Promise<PeerId[]> {
    const found = (await elsewhere?.groups.findNearest(position)) ?? []
    for (const { id, record } of found) if (record !== undefined) elsewhere?.rememberAddresses(id, record.addresses)
    const nodes = found.slice(0, RECORD_NODES).map(({ peer }) => peer)
    others.delete(encodeKeyHex(position))
    const freshMs = elsewhere?.groups.isJoining ? JOINING_MS : ELSEWHERE_MS
    others.set(encodeKeyHex(position), { nodes, untilMs: performance.now() + freshMs })
    return nodes
  }

  async function nodesElsewhere(position: Uint8Array): Promise<PeerId[]> {
    const id = encodeKeyHex(position)
    const known = others.get(id)
    if (known !== undefined && known.nodes.length > 0 && performance.now() < known.untilMs) return known.nodes
    return lookups.run(id, () => lookUp(position))
  }

  /** Those that are known now. Others follow. */
  function targets(position: Uint8Array): PeerId[] {
    if (!isElsewhere(position)) return placement.targets(position)
    const known = others.get(encodeKeyHex(position))
    if (known === undefined || performance.now() >= known.untilMs)
      void nodesElsewhere(position).then((nodes) => {
        if (nodes.length > 0) void collections.refresh()
      })
    return known?.nodes ?? []
  }

  const collections: StandingStatements<Collection, PeerId> = createStandingStatements<Collection, PeerId>({
    placement: { targets },
    streams: { get: (peer) => peer, keepOpen() {} },
    tell: (node, all) => {
      for (const collection of all) sendCollection(node, collection)
    },
    withdraw() {},
  })

  function sendCollection(node: PeerId, { key, proof }: Collection): void {
    if (isTapProofTimely(proof, now())) streams.send(node, { type: 'collect', end: key, proof })
  }

  function listenerOf(node: PeerId): ReceiptListener {
    const id = node.toString()
    const listener = listeners.get(id) ?? {
      isOpen: true,
      onReceipt: ({ bytes }) => streams.send(node, { type: 'receipt', receipt: bytes }),
      onDecline() {},
    }
    listeners.set(id, listener)
    return listener
  }

  return {
    /** The record nodes of an end but this one, nearest first. `isSelf`: this node is one, too. */
    async of(end: Key) {
      const id = encodeKeyHex(end)
      const known = places.get(id)
      if (known !== undefined) return known
      const position = await positionOf(end)
      if (isElsewhere(position)) return { nodes: await nodesElsewhere(position), isSelf: false }
      const place = { nodes: placement.targets(position), isSelf: placement.keepsRecords(position) }
      places.set(id, place)
      return place
    },
    /** Forwards receipts of a sealed message: nodes that have not asked a home of the receiver would keep it until it expires. */
    forwardReceipts(seen: SeenMessage, nodes: readonly PeerId[]) {
      for (const node of seen.isSealed ? nodes : []) seenMessages.listen(seen, listenerOf(node))
    },
    /** Collects for an end, now and from each new record node. With a known end it collects again, by the newer proof. */
    collect(end: Key, proof: TapProof) {
      const known = collections.get(end)
      if (known === undefined) collections.add({ ...standing(end), proof })
      else {
        known.proof = proof
        for (const node of collections.streamsOf(known)) sendCollection(node, known)
      }
    },
    stopCollecting(end: Key) {
      const known = collections.get(end)
      if (known !== undefined) collections.remove(known)
    },
    /** The servers have changed: the record nodes of ends may be others now. */
    refresh() {
      places.clear()
      listeners.clear()
      void collections.refresh()
    },
  }
}

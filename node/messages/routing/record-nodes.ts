/**
 * Record nodes of ends, as the routing table has them now: where they are, which of them get receipts, and from which this home collects stored
 * messages for its receivers.
 */

import type { PeerId } from '@libp2p/interface'
import { createRecentMap } from '../../async/recent-map.ts'
import { encodeKeyHex, positionOf } from '../../keys/index.ts'
import type { RoutingTable } from '../../network/index.ts'
import { createNodePlacement, createStandingStatements, type Standing, standing } from '../../rendezvous/index.ts'
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

export type RecordNodes = ReturnType<typeof createRecordNodes>

export function createRecordNodes(
  servers: RoutingTable,
  streams: Pick<RequestStreams, 'send'>,
  seenMessages: SeenMessages,
  now: () => number,
) {
  const placement = createNodePlacement(servers)
  /** By the end's key, hex. */
  const places = createRecentMap<string, { nodes: PeerId[]; isSelf: boolean }>({ maxEntries: MAX_PLACES, order: 'added' })
  /** One for each node and all messages, so that a receipt that names many is sent once. By peer id. Bounded by the servers. */
  const listeners = new Map<string, ReceiptListener>()
  const collections = createStandingStatements<Collection, PeerId>({
    placement,
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

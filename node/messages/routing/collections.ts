/** Collection of stored messages: statements of this home to the record nodes of hashnames that are received here. */

import type { PeerId } from '@libp2p/interface'
import type { RoutingTable } from '../../network/index.ts'
import { createNodePlacement, createStandingStatements, type Standing, standing } from '../../rendezvous/index.ts'
import type { Key } from '../../types.ts'
import { isTapProofTimely, type TapProof } from '../format/tap-proof.ts'
import type { RequestStreams } from '../protocol/request-streams.ts'

export interface Collections {
  /** Collects for an end, now and from each new record node. With a known end it collects again, by the newer proof. */
  begin(end: Key, proof: TapProof): void
  end(end: Key): void
  /** The record nodes may be others now. */
  refresh(): void
}

/** One for each hashname. */
interface Collection extends Standing {
  proof: TapProof
}

export function createCollections(servers: RoutingTable, streams: Pick<RequestStreams, 'send'>, now: () => number): Collections {
  const collections = createStandingStatements<Collection, PeerId>({
    placement: createNodePlacement(servers),
    streams: { get: (peer) => peer, keepOpen() {} },
    tell: (node, all) => {
      for (const collection of all) send(node, collection)
    },
    withdraw() {},
  })

  function send(node: PeerId, { key, proof }: Collection): void {
    if (isTapProofTimely(proof, now())) streams.send(node, { type: 'collect', end: key, proof })
  }

  return {
    begin(end, proof) {
      const known = collections.get(end)
      if (known === undefined) collections.add({ ...standing(end), proof })
      else {
        known.proof = proof
        for (const node of collections.streamsOf(known)) send(node, known)
      }
    },
    end(end) {
      const known = collections.get(end)
      if (known !== undefined) collections.remove(known)
    },
    refresh: () => void collections.refresh(),
  }
}

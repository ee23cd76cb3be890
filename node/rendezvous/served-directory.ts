/** Addresses that a node tells others: its own, those of homes, and those of other servers. */

import type { Libp2p } from '@libp2p/interface'
import type { ServerRecords, Supervisor } from '../network/index.ts'
import { shuffle } from '../network/shuffle.ts'
import type { Directory } from './directory.ts'
import { multihashOfPeer } from './lease.ts'
import { MAX_RECORDS_PER_WELCOME } from './wire.ts'

/** More than a welcome has room for. */
const MAX_SERVERS = 32

export type ServedDirectory = ReturnType<typeof createServedDirectory>

export interface ServedDirectoryContext {
  libp2p: Pick<Libp2p, 'getMultiaddrs' | 'getConnections'>
  directory: Pick<Directory, 'findAddresses' | 'rememberSigned'>
  supervisor: Pick<Supervisor, 'knownServers'>
  records: Pick<ServerRecords, 'greet' | 'openRecord'> | undefined
  /** From 0 to 1. */
  random?: () => number
}

export function createServedDirectory({ libp2p, directory, supervisor, records, random = Math.random }: ServedDirectoryContext) {
  const connected = () =>
    supervisor
      .knownServers()
      .flatMap(({ peer, addresses }) => (peer && addresses && libp2p.getConnections(peer).length > 0 ? { peer, addresses } : []))

  return {
    /** This node's own. */
    own: () => libp2p.getMultiaddrs(),
    /** Homes whose addresses are known, each once. */
    async homes(peers: Iterable<string>) {
      const homes = [...new Set(peers)].map(async (home) => ({
        peer: multihashOfPeer(home),
        addresses: await directory.findAddresses(home),
      }))
      return (await Promise.all(homes)).filter(({ addresses }) => addresses.length > 0)
    },
    /** Takes where homes can be dialled, as they have signed it. @throws {MayflyError} ERR_BAD_FRAME at the first that is no record */
    async takeHomes(signed: readonly Uint8Array[]) {
      for (const bytes of signed) {
        const record = await records?.openRecord(bytes)
        if (record !== undefined) directory.rememberSigned(record.peer.toString(), record.addresses)
      }
    },
    /** Some of the servers, in random order, for a peer that is new. */
    servers: () =>
      shuffle(connected(), random)
        .slice(0, MAX_SERVERS)
        .map(({ peer, addresses }) => ({ peer: peer.toMultihash().bytes, addresses })),
    /** The same, signed; and for a while those that come later. @param tell called with these, until `end` is called */
    greet: (peer: string, tell?: (records: Uint8Array[]) => void) =>
      records?.greet(peer, MAX_RECORDS_PER_WELCOME, tell) ?? { records: [], end() {} },
  }
}

/** Takes what other servers tell a node of themselves and of others, and keeps to it whom it turns to. */

import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Key } from '../types.ts'
import type { RendezvousContext } from './context.ts'
import { createForeword } from './foreword.ts'
import { LEASE_CODEC } from './lease.ts'
import { createLeaseAudit, type LeaseAuditContext } from './lease-audit.ts'
import type { PresenceClient } from './presence-client.ts'
import type { PresenceServer } from './presence-server.ts'
import type { PresenceStreamListener } from './presence-stream.ts'

/** Tabs of this home that are offered for one key. */
const MAX_TABS_HOLDING = 16

/** The node's part with other servers, which a tab has not. */
export function createServerCompany(
  { overlay, supervisor, addresses, store }: RendezvousContext,
  onRefused: (peer: string, reason: string) => void,
) {
  const { libp2p, servers, records } = overlay
  const { groups } = records ?? {}
  const self = libp2p.peerId.toString()
  /** A connection that is being closed has no streams any more, and is there for a moment. */
  const isConnected = (peer: PeerId) => libp2p.getConnections(peer).some(({ status }) => status === 'open')
  let audit: ReturnType<typeof createLeaseAudit> | undefined
  const listener: Pick<PresenceStreamListener, 'onServers' | 'onGroup' | 'onHold'> = {
    onServers: (stream, told) =>
      void records
        ?.takeRecords(told, stream.id, supervisor.isToBeJoined(stream.peer))
        .catch((error: Error) => onRefused(stream.id, error.message)),
    onGroup: (stream, group) => groups?.onReport(stream.peer, group),
    onHold: createForeword(self, records, LEASE_CODEC),
  }
  return {
    listener,
    groups,
    get counts() {
      return { knownServers: records?.size ?? 0, groupBits: groups?.bits ?? 0 }
    },
    /** Where servers of other groups are found, and dialled. */
    elsewhere: groups && { groups, rememberAddresses: addresses.rememberAddresses },
    /** A connection that was closed since this node has enough of that group is not to be opened again. */
    isWanted: (peer: PeerId) => servers.has(peer) && (isConnected(peer) || groups?.isOfUse(peer) !== false),
    /** Servers to which a stream stays open, at most so many: a find is one message only on streams that are open already. */
    nearest: (most: number) => servers.closest(new Uint8Array(32), most),
    /** Where a home can be dialled by the word of somebody else, which counts where nothing better is known. */
    rememberHome(home: string, told: Multiaddr[] = []) {
      const isKnown = home === self || addresses.addressesOf(home).length > 0 || (records?.addressesOf(home).length ?? 0) > 0
      if (told.length > 0 && !isKnown) addresses.rememberAddresses(home, told)
    },
    /** The tabs whose home is here and that hold the key, in random order. */
    tabsHolding: (key: Key) =>
      store.sample(key, MAX_TABS_HOLDING, (each) => each.home === self && each.holder !== self).map(({ holder }) => holder),
    heldByTabs: (limit: number) => store.heldThrough(self, limit).map(({ key, holders }) => ({ key, tabs: holders })),
    /** Begins to say at which servers something stands, and hears when others are right for it. */
    attach(
      client: Pick<PresenceClient<PeerId>, 'announcer' | 'needs' | 'refresh'>,
      server: Pick<PresenceServer, 'serves' | 'onBits'> | undefined,
      asking: Pick<LeaseAuditContext, 'placement' | 'streams'>,
    ) {
      groups?.attach((id) => client.needs(id) || (server?.serves(id) ?? false))
      groups?.onChange(client.refresh)
      if (server !== undefined) groups?.onOwnBits(server.onBits)
      audit = createLeaseAudit({
        ...asking,
        values: client.announcer.values,
        onFault(delegate) {
          groups?.onDenied(delegate)
          client.refresh()
        },
      })
    },
    start() {
      records?.start()
      if (groups?.saidBits() !== undefined) audit?.start()
    },
    stop() {
      records?.stop()
      audit?.stop()
    },
  }
}

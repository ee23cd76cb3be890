/** Takes what other servers tell a node of themselves and of others, and tells record nodes of the homes whose leases it carries. */

import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { ServerRecords } from '../network/index.ts'
import type { Key } from '../types.ts'
import type { RendezvousContext } from './context.ts'
import { LEASE_CODEC } from './lease.ts'
import type { PresenceClient } from './presence-client.ts'
import type { PresenceServer } from './presence-server.ts'
import type { PresenceStream, PresenceStreamListener } from './presence-stream.ts'
import { encodeHomesFrame, MAX_RECORDS_PER_WELCOME } from './wire.ts'

/** Tabs of this home that are offered for one key. */
const MAX_TABS_HOLDING = 16

/** The part of a presence stream over which it is told. */
type TellingStream = Pick<PresenceStream, 'tell'>

/** The node's part with other servers, which a tab has not. */
export function createServerCompany(
  { overlay, supervisor, addresses, store }: RendezvousContext,
  onRefused: (peer: string, reason: string) => void,
) {
  const { libp2p, servers, records } = overlay
  const { groups } = records ?? {}
  const self = libp2p.peerId.toString()
  const listener: Pick<PresenceStreamListener, 'onServers' | 'onGroup' | 'onHold'> = {
    onServers: (stream, told) =>
      void records
        ?.takeRecords(told, stream.id, supervisor.isToBeJoined(stream.peer))
        .catch((error: Error) => onRefused(stream.id, error.message)),
    onGroup: (stream, group) => groups?.onReport(stream.peer, group),
    onHold: createHomesTeller(self, records),
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
    isWanted: (peer: PeerId) => servers.has(peer) && (libp2p.getConnections(peer).length > 0 || groups?.isOfUse(peer) !== false),
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
    attach(client: Pick<PresenceClient<PeerId>, 'needs' | 'refresh'>, server: Pick<PresenceServer, 'serves'> | undefined) {
      groups?.attach((id) => client.needs(id) || (server?.serves(id) ?? false))
      groups?.onChange(client.refresh)
    },
  }
}

/** @param records with the signed addresses of homes, where they are known */
function createHomesTeller(self: string, records: Pick<ServerRecords, 'recordOf' | 'groups'> | undefined) {
  /** Records that each stream has been told. Bounded by the homes whose leases are carried, and by how often they change their addresses. */
  const told = new WeakMap<TellingStream, Set<Uint8Array>>()

  /** Is called before the leases are sent. */
  return (stream: TellingStream, leases: readonly Uint8Array[]): void => {
    if (records === undefined || records.groups.bits === 0) return // each home tells the record nodes itself
    const before = told.get(stream) ?? new Set<Uint8Array>()
    told.set(stream, before)
    const homes = new Set(leases.map((lease) => LEASE_CODEC.decode(lease).home).filter((home) => home !== self))
    const fresh = [...homes].flatMap((home) => records.recordOf(home) ?? []).filter((record) => !before.has(record))
    for (const record of fresh) before.add(record)
    for (let i = 0; i < fresh.length; i += MAX_RECORDS_PER_WELCOME)
      stream.tell(encodeHomesFrame({ type: 'homes', records: fresh.slice(i, i + MAX_RECORDS_PER_WELCOME) }))
  }
}

/** Takes what other servers tell a node of themselves and of others, and keeps to it whom it turns to. */

import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { MayflyError } from '../errors.ts'
import type { Key } from '../types.ts'
import type { RendezvousContext } from './context.ts'
import { createForeword } from './foreword.ts'
import { LEASE_CODEC } from './lease.ts'
import { createLeaseAudit, type LeaseAuditContext } from './lease-audit.ts'
import type { RendezvousSettings } from './options.ts'
import type { PresenceClient } from './presence-client.ts'
import type { PresenceServer } from './presence-server.ts'
import type { PresenceStream, PresenceStreamListener } from './presence-stream.ts'
import { createResting } from './resting.ts'
import type { GroupSize } from './wire-frames.ts'

/** Tabs of this home that are offered for one key. */
const MAX_TABS_HOLDING = 16
/** Signed records in all frames of servers of one stream. */
export const MAX_RECORDS_PER_STREAM = 256

/** The node's part with other servers, which a tab has not. */
export function createServerCompany(
  { overlay, supervisor, addresses, store, clock }: RendezvousContext,
  onRefused: (peer: string, reason: string) => void,
  { lease }: Pick<RendezvousSettings, 'lease'>,
) {
  const { libp2p, servers, records } = overlay
  const { groups } = records ?? {}
  const self = libp2p.peerId.toString()
  /** A connection that is being closed has no streams any more, and is there for a moment. */
  const isConnected = (peer: PeerId) => libp2p.getConnections(peer).some(({ status }) => status === 'open')
  let audit: ReturnType<typeof createLeaseAudit> | undefined
  const sayForeword = createForeword(self, records, LEASE_CODEC)
  const resting = createResting((peer) => groups?.isFar(peer) ?? false, lease)
  /** Records that each stream has told of since its welcome. */
  const toldOf = new WeakMap<PresenceStream, number>()

  function takeRecords(stream: PresenceStream, told: Uint8Array[] = []): void {
    groups?.onGreeting()
    records?.takeRecords(told, stream.id, supervisor.isToBeJoined(stream.peer)).catch((error: Error) => onRefused(stream.id, error.message))
  }

  const listener = {
    onServers(stream: PresenceStream, told: Uint8Array[]) {
      const count = (toldOf.get(stream) ?? 0) + told.length
      toldOf.set(stream, count)
      if (count > MAX_RECORDS_PER_STREAM) throw new MayflyError('ERR_BAD_FRAME', 'Too many records')
      takeRecords(stream, told)
    },
    onGroup(stream: PresenceStream, group: GroupSize) {
      resting.onGroup(stream, group)
      groups?.onReport(stream.peer, group)
    },
    onHold(stream: PresenceStream, leases: readonly Uint8Array[]) {
      resting.onHold(stream)
      sayForeword(stream, leases)
    },
    letsRest: resting.rests,
  } satisfies Partial<PresenceStreamListener>
  return {
    listener,
    groups,
    /** The welcome of a stream tells of servers. */
    takeRecords,
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
      server: Pick<PresenceServer, 'serves' | 'onGroup'> | undefined,
      asking: Pick<LeaseAuditContext, 'placement' | 'streams'>,
    ) {
      groups?.attach((id) => client.needs(id) || (server?.serves(id) ?? false))
      groups?.onChange(client.refresh)
      if (server !== undefined) groups?.onOwnNews(server.onGroup)
      audit = createLeaseAudit({
        ...asking,
        values: client.announcer.values,
        now: clock.now,
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

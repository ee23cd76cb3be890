/**
 * The leases of one presence stream at the end that answers. Each is checked (its terms, its signature, the limits) and recorded as this
 * stream's: what one stream brought ends with it. A tab's leases go on to their record nodes.
 */

import { TIMERS, type Timers } from '../async/timers.ts'
import { encodeKeyHex, equalBytes } from '../keys/index.ts'
import type { Key } from '../types.ts'
import { judgeTerms, LEASE_CODEC, type LeaseCodec, type LeaseOptions } from './lease.ts'
import { isOlder, type RecordStore } from './record-store.ts'
import type { HomeService, RendezvousLimits } from './types.ts'
import type { HeldFrame, Refusal } from './wire.ts'

/** Leases that cannot be true, before the connection is ended: an honest peer has none. */
const MAX_BAD_LEASES = 8

export interface ServedLeasesContext {
  /** This node's peer id, text form. */
  self: string
  /** That of the peer that opened the stream. */
  peer: string
  store: RecordStore
  times(): readonly number[]
  service: Pick<HomeService, 'announce' | 'withdraw'>
  codec?: LeaseCodec
  timers?: Timers
}

export function createServedLeases(
  { self, peer, store, times, service, codec = LEASE_CODEC, timers = TIMERS }: ServedLeasesContext,
  { limits, lease: leaseOptions }: { limits: RendezvousLimits; lease: LeaseOptions },
) {
  /** The source of the stream's records. */
  const source = {}
  let badLeases = 0
  let hasEnded = false

  function countBad(what: string): Refusal {
    if (++badLeases >= MAX_BAD_LEASES) throw new Error(`${what}, ${badLeases} times`)
    return 'bad-lease'
  }

  async function take(bytes: Uint8Array, mark: Uint8Array | undefined, announcing: Promise<void>[]): Promise<Refusal | undefined> {
    const lease = codec.decode(bytes)
    // Nobody can announce somebody else: a tab gives its home its own leases, a home passes on those that name it.
    const isTabs = lease.holder === peer && lease.home === self
    if (!isTabs && lease.home !== peer) return countBad('a lease of somebody else')
    const livesMs = judgeTerms(lease, times(), leaseOptions)
    if (typeof livesMs === 'string') return livesMs
    const known = store.get(lease.key, lease.holder)
    const isKnown = known?.lease !== undefined && equalBytes(known.lease, lease.bytes)
    if (isKnown && known.source === source) return undefined
    const { key, holder, home, expiresAtMs } = lease
    const record = { key, holder, home, expiresAtMs, lease: lease.bytes, source, mark: mark && encodeKeyHex(mark) }
    if (known !== undefined && isOlder(record, known)) return 'older'
    const most = isTabs ? limits.maxLeasesPerPeer : limits.maxLeasesPerHome
    if (known?.source !== source && store.countOfSource(source) >= most) return 'leases-per-peer'
    // A known lease was checked when it came: a home whose stream broke can tell all its leases again within the grace.
    if (!isKnown && !(await codec.isSigned(lease))) return countBad('a lease with a wrong signature')
    if (hasEnded) return undefined
    const refusal = store.put(record, livesMs)
    if (refusal === undefined && isTabs) announcing.push(service.announce(lease, mark))
    return refusal
  }

  return {
    /** Recorded now. */
    get size() {
      return store.countOfSource(source)
    },
    /**
     * @returns the leases that were refused, and a promise for each tab's lease until its record nodes have taken it
     * @throws when the peer has told too many that cannot be true
     */
    async hold(
      leases: Uint8Array[],
      marks: readonly (Uint8Array | undefined)[] = [],
    ): Promise<{ refused: HeldFrame['refused']; announcing: Promise<void>[] }> {
      const refused: HeldFrame['refused'] = []
      const announcing: Promise<void>[] = []
      for (const [index, bytes] of leases.entries()) {
        const reason = await take(bytes, marks[index], announcing)
        if (reason !== undefined) refused.push({ index, reason })
        if (hasEnded) break
      }
      return { refused, announcing }
    },
    release(records: readonly { key: Key; holder: string }[]) {
      for (const { key, holder } of records) {
        const record = store.get(key, holder)
        if (store.remove(key, holder, source) && record?.home === self) service.withdraw(key, holder)
      }
    },
    /** The stream has ended. The peer's own leases end at once; those of a home's tabs after `graceMs`, since they may come through another. */
    end(graceMs: number) {
      hasEnded = true
      for (const { key, holder, home } of store.removeSource(source, (record) => record.holder === peer)) {
        if (home === self) service.withdraw(key, holder)
      }
      if (graceMs === 0) store.removeSource(source)
      else if (store.countOfSource(source) > 0) timers.after(graceMs, () => store.removeSource(source))
    },
  }
}

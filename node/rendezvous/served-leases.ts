/**
 * The leases of one presence stream at the end that answers. Each is checked (its terms, its signature, the limits) and recorded as this
 * stream's: what one stream brought ends with it. Leases of tabs, and of servers that do not know the record nodes, go on to these.
 */

import { TIMERS } from '../async/timers.ts'
import { encodeKeyHex, equalBytes, positionOf, sha256AtOnce } from '../keys/index.ts'
import type { ToldLease } from '../network/group-roles.ts'
import type { Key } from '../types.ts'
import type { VirtualParts } from './finder.ts'
import { judgeTerms, LEASE_CODEC, type LeaseOptions } from './lease.ts'
import type { BesideLease } from './presence-stream.ts'
import { isOlder, isToldByOthers, type RecordStore, type StreamSource } from './record-store.ts'
import type { HomeService, RendezvousLimits } from './types.ts'
import type { HeldFrame, HoldFrame, Refusal } from './wire-frames.ts'

/** Leases that cannot be true, before the connection is ended: an honest peer has none. */
const MAX_BAD_LEASES = 8
/** The position of a key where nobody asks for it. */
const NOWHERE = new Uint8Array()

/** A lease as a stream brings it. */
type BroughtLease = Omit<ToldLease, 'bits'>

/** How a server passes on the leases of others, which do not know a key's record nodes: see group-roles.ts. */
export interface Carrying {
  mustCarry(told: BroughtLease): boolean
  mayCarry(told: BroughtLease): boolean | undefined
}

/** The streams that have brought a holder's lease to be told on, all for one home. */
export interface Tellers {
  readonly home: string
  /** One of each peer: what a new stream tells again is that stream's to end, though the old one stands for a while. */
  readonly sources: Set<StreamSource>
}

export interface ServedLeasesContext {
  /** This node's peer id, text form. */
  self: string
  /** That of the peer that opened the stream. */
  peer: string
  store: RecordStore
  times(): readonly number[]
  service: Pick<HomeService, 'announce' | 'withdraw'>
  /** Without it, and with no bits, each home tells the record nodes itself. */
  carrying?: Carrying | undefined
  /** Of all streams of this node, by key and holder. Bounded as the records of tabs and homes are. */
  tellers?: Map<string, Tellers>
  virtual?: VirtualParts
}

/** A copy of small content of the key; undefined where there is none, or it is none of the key's. */
function rightContent(key: Key, content: Uint8Array | undefined): Uint8Array | undefined {
  if (content === undefined || content.byteLength === 0 || !equalBytes(sha256AtOnce(content), key)) return undefined
  return content.slice() // a frame's bytes would keep all of the frame
}

export function createServedLeases(
  { self, peer, store, times, service, carrying, tellers = new Map(), virtual }: ServedLeasesContext,
  { limits, lease: leaseOptions }: { limits: RendezvousLimits; lease: LeaseOptions },
) {
  const { codec, timers } = virtual ?? { codec: LEASE_CODEC, timers: TIMERS }
  /** The source of the stream's records. */
  const source: StreamSource = { peer }
  /** Of the stream's leases, those that this node tells the record nodes of, by key and holder. Bounded as the stream's records are. */
  const toldOn = new Map<string, { key: Key; holder: string }>()
  const nameOf = (key: Key, holder: string) => `${encodeKeyHex(key)} ${holder}`
  let badLeases = 0

  function countBad(what: string): Refusal {
    if (++badLeases >= MAX_BAD_LEASES) throw new Error(`${what}, ${badLeases} times`)
    return 'bad-lease'
  }

  async function take(bytes: Uint8Array, { mark, content }: BesideLease, announcing: Promise<void>[]): Promise<Refusal | undefined> {
    const lease = codec.decode(bytes)
    // Nobody can announce somebody else: a tab gives its home its own leases, a home passes on those that name it.
    const isTabs = lease.holder === peer && lease.home === self
    const isCarried = !isTabs && lease.home !== peer
    const told = { peer, home: lease.home, position: carrying === undefined ? NOWHERE : await positionOf(lease.key) }
    if (isCarried) {
      const isAllowed = carrying === undefined ? false : carrying.mayCarry(told)
      if (isAllowed === undefined) return 'busy'
      if (!isAllowed) return countBad('a lease of somebody else')
    }
    const livesMs = judgeTerms(lease, times(), leaseOptions)
    if (typeof livesMs === 'string') return livesMs
    const known = store.get(lease.key, lease.holder)
    const isKnown = known?.lease !== undefined && equalBytes(known.lease, lease.bytes)
    const { key, holder, home, expiresAtMs } = lease
    // This node tells of itself and of its tabs: that must not end with the stream of a server that brings it back.
    const isToTell = isTabs || (home !== self && carrying?.mustCarry(told) === true)
    if (isKnown && known.source === source && isToTell === toldOn.has(nameOf(key, holder))) return undefined
    const record = { key, holder, home, expiresAtMs, lease: lease.bytes, source, mark: mark && encodeKeyHex(mark), isCarried }
    if (known !== undefined && isOlder(record, known)) return 'older'
    const most = isTabs ? limits.maxLeasesPerPeer : limits.maxLeasesPerHome
    // A known lease was checked when it came: a home whose stream broke can tell all its leases again within the grace.
    if (!isKnown && !(await codec.isSigned(lease))) return countBad('a lease with a wrong signature')
    if (source.hasEnded) return undefined
    if (known?.source !== source && store.countOfSource(source) >= most) {
      if (!isTabs) store.missed.add(key, livesMs, peer)
      return 'leases-per-peer'
    }
    const right = rightContent(key, content)
    const refusal = store.put({ ...record, content: right }, livesMs)
    if (refusal !== undefined) return refusal
    if (isToTell) {
      toldOn.set(nameOf(key, holder), { key, holder })
      addTeller(nameOf(key, holder), home)
      // The copy that the records have when it is told, or none once it has made room. A carried lease stands for the grace when its home's stream
      // ends, and content must not: so it goes no further.
      const hasContent = right !== undefined && isTabs
      const beside: BesideLease = {
        mark,
        get content() {
          return hasContent ? store.contentOf(key) : undefined
        },
      }
      announcing.push(service.announce(lease, beside))
    } else withdraw(key, holder)
    return undefined
  }

  /** A holder that has gone to another home is that one's to release. */
  function addTeller(name: string, home: string): void {
    const known = tellers.get(name)
    if (known?.home !== home) return void tellers.set(name, { home, sources: new Set([source]) })
    for (const each of known.sources) if (each.peer === peer || each.hasEnded) known.sources.delete(each)
    known.sources.add(source)
  }

  const isToldOnByOthers = (name: string) => [...(tellers.get(name)?.sources ?? [])].some((each) => each !== source && !each.hasEnded)

  /** Unless another stream tells of the holder as well, or has told of it for another home since. */
  function withdraw(key: Key, holder: string): void {
    const name = nameOf(key, holder)
    const known = tellers.get(name)
    if (!toldOn.delete(name) || !known?.sources.delete(source) || known.sources.size > 0) return
    tellers.delete(name)
    service.withdraw(key, holder)
  }

  /** Another stream may have replaced the records: what was told of is withdrawn all the same. */
  function drop(isDropped: (holder: string) => boolean): void {
    store.removeSource(source, ({ holder }) => isDropped(holder))
    for (const { key, holder } of [...toldOn.values()]) if (isDropped(holder)) withdraw(key, holder)
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
      { marks, contents }: Pick<HoldFrame, 'marks' | 'contents'> = {},
    ): Promise<{ refused: HeldFrame['refused']; announcing: Promise<void>[] }> {
      const refused: HeldFrame['refused'] = []
      const announcing: Promise<void>[] = []
      for (const [index, bytes] of leases.entries()) {
        const reason = await take(bytes, { mark: marks?.[index], content: contents?.[index] }, announcing)
        if (reason !== undefined) refused.push({ index, reason })
        if (source.hasEnded) break
      }
      return { refused, announcing }
    },
    release(records: readonly { key: Key; holder: string }[]) {
      for (const { key, holder } of records) {
        store.remove(key, holder, source)
        withdraw(key, holder)
      }
    },
    /** The stream has ended. The peer's own leases end at once; those of a home's tabs after `graceMs`, since they may come through another. */
    end(graceMs: number) {
      source.hasEnded = true
      store.forgetContents(source)
      drop((holder) => graceMs === 0 || holder === peer)
      // A release that another stream brings must not wait for the grace.
      store.removeSource(source, (record) => isToldByOthers(record, source))
      for (const { key, holder } of [...toldOn.values()]) if (isToldOnByOthers(nameOf(key, holder))) withdraw(key, holder)
      if (store.countOfSource(source) + toldOn.size > 0) timers.after(graceMs, () => drop(() => true))
    },
  }
}

/**
 * A home's check of the leases that it has given to delegates. A sample is looked for through the carrier itself and through another delegate of
 * the key's group; where that one finds nothing, the nearest servers of the group are dialled and asked. A delegate that is at fault loses its
 * rank, at the second fault its place, and the leases go to another one: see group-roles.ts.
 */

import type { PeerId } from '@libp2p/interface'
import { createRecentMap } from '../async/recent-map.ts'
import { TIMERS } from '../async/timers.ts'
import { equalBytes } from '../keys/index.ts'
import type { ServerName } from '../network/index.ts'
import type { FindStreams, VirtualParts } from './finder.ts'
import { LEASE_CODEC, type Lease, type LeaseCodec } from './lease.ts'
import type { Placement } from './placement.ts'
import type { Standing } from './standing-statements.ts'
import { SCOPE, type Scope } from './wire-frames.ts'

/** Between two looks, in ms. */
const LOOK_MS = 2_000
/** A delegate has told the record nodes of a lease by then, in ms, also where it was busy at first. */
const SETTLED_MS = 3_000
/** Between two looks for one lease, in ms. */
const AGAIN_MS = 30_000
/** A delegate has one fault at most within this time, in ms: all may have come of one moment. */
const ONE_FAULT_MS = 3_000
const MAX_FAULTY = 256
/** Leases that are looked for at one look, of those that have come to a delegate; and of those that were looked for before. */
const MAX_FRESH = 8
const MAX_AGAIN = 1
/** Leases that are passed over at one look. */
const MAX_PASSED = 2_000
/** Keys whose nearest servers are dialled at one time: each is three dials. */
const MAX_REACHED = 4
/** How long an answer is waited for, in ms. */
const ANSWER_MS = 3_000
/** A key with as many other holders does not vanish with one of them, and a find may leave that one out. */
const MANY_HOLDERS = 8
/** Servers whose word is enough against a carrier. */
const ENOUGH = 2

/** The leases of one key, as an announcer tells them. */
export interface AuditedLeases<Name extends ServerName = PeerId> extends Standing<Name> {
  /** Signed leases by holder. */
  readonly leases: ReadonlyMap<string, Uint8Array>
}

export interface LeaseAuditContext<Name extends ServerName = PeerId> {
  placement: Pick<Placement<Name>, 'delegates' | 'isWithoutRoom' | 'walk'>
  streams: FindStreams<Name>
  values(): Iterable<AuditedLeases<Name>>
  /** In ms since the epoch. */
  now(): number
  /** The delegate is at fault: others are to be preferred from now on. */
  onFault(delegate: Name): void
}

export function createLeaseAudit<Name extends ServerName = PeerId>(
  { placement, streams, values, now, onFault }: LeaseAuditContext<Name>,
  { timers, codec }: VirtualParts = { timers: TIMERS, codec: LEASE_CODEC },
) {
  /** At which carrier leases have come, and whether they were looked for there. */
  const seen = new WeakMap<AuditedLeases<Name>, { carrier: string; atMs: number; isAudited: boolean }>()
  /** By delegate: when it was at fault. */
  const faultyAtMs = createRecentMap<string, number>({ maxEntries: MAX_FAULTY, order: 'written' })
  let reached = 0
  let stopped = new AbortController()
  let endLooks: (() => void) | undefined
  const passFresh = createRounds(values)
  const passAgain = createRounds(values)

  function blame(delegate: Name): void {
    const id = delegate.toString()
    if (timers.now() - (faultyAtMs.get(id) ?? Number.NEGATIVE_INFINITY) < ONE_FAULT_MS) return
    faultyAtMs.set(id, timers.now())
    onFault(delegate)
  }

  /** True where the server has one of the leases, false where it says that it has none, undefined where it does not say, or lacks the room. */
  async function hasLease(server: Name, audited: AuditedLeases<Name>, scope: Scope): Promise<boolean | undefined> {
    const before = [...audited.leases.values()]
    const late = new AbortController()
    const endWait = timers.after(ANSWER_MS, () => late.abort(new Error('no answer')))
    const signal = AbortSignal.any([stopped.signal, late.signal])
    try {
      const found = await (await streams.open(server, { signal })).find(audited.key, MANY_HOLDERS, scope, { signal })
      if (found === undefined || found === 'clock') return undefined
      const own = [...before, ...audited.leases.values()] // they may have been renewed meanwhile
      return await isProof(found.leases, audited.key, own, { codec, now })
    } catch {
      return undefined
    } finally {
      endWait()
    }
  }

  /** How many of the key's nearest servers have the lease, of those that say so. */
  async function countKeepers(audited: AuditedLeases<Name>, position: Uint8Array, but: Name): Promise<{ owning: number; asked: number }> {
    const nodes: Name[] = []
    for await (const node of placement.walk(audited.key, position, { signal: stopped.signal }))
      if (node.toString() !== but.toString()) nodes.push(node)
    const answers = await Promise.all(nodes.map((node) => hasLease(node, audited, SCOPE.own)))
    return { owning: answers.filter((has) => has === true).length, asked: answers.filter((has) => has !== undefined).length }
  }

  async function audit(audited: AuditedLeases<Name>, carrier: Name): Promise<void> {
    const { position } = audited
    // It has said itself that there is no room for some.
    if (position === undefined || placement.isWithoutRoom?.(carrier) === true) return
    const other = placement.delegates?.(position)?.find((each) => each.toString() !== carrier.toString())
    const [isOwned, isSeen] = await Promise.all([hasLease(carrier, audited, SCOPE.group), other && hasLease(other, audited, SCOPE.group)])
    const isStanding = () =>
      audited.leases.size > 0 && audited.peers.has(carrier.toString()) && audited.isCarried && !stopped.signal.aborted
    if (!isStanding()) return
    // It has the lease of this home itself, and denies it: no other server's word is needed.
    if (isOwned === false) return blame(carrier)
    if (isSeen === true || reached >= MAX_REACHED) return
    reached++
    const { owning, asked } = await countKeepers(audited, position, carrier).finally(() => reached--)
    if (!isStanding() || asked < ENOUGH) return
    if (owning === 0) blame(carrier)
    else if (isSeen === false && other !== undefined) blame(other)
  }

  /** True once it has stood at the carrier for long enough. */
  function isSettled(audited: AuditedLeases<Name>, carrier: string, isAudited: boolean): boolean {
    const known = seen.get(audited)
    if (known?.carrier !== carrier) {
      seen.set(audited, { carrier, atMs: timers.now(), isAudited: false })
      return false
    }
    return known.isAudited === isAudited && timers.now() - known.atMs >= (isAudited ? AGAIN_MS : SETTLED_MS)
  }

  function look(pass: ReturnType<typeof createRounds<AuditedLeases<Name>>>, most: number, isAudited: boolean): void {
    let looked = 0
    pass(MAX_PASSED, (audited) => {
      const [carrier] = audited.peers.values()
      if (!audited.isCarried || carrier === undefined || audited.position === undefined) return true
      if (!isSettled(audited, carrier.toString(), isAudited)) return true
      seen.set(audited, { carrier: carrier.toString(), atMs: timers.now(), isAudited: true })
      audit(audited, carrier).catch(() => {}) // stopped meanwhile
      return ++looked < most
    })
  }

  return {
    start() {
      stopped = new AbortController()
      endLooks ??= timers.every(LOOK_MS, () => {
        look(passFresh, MAX_FRESH, false)
        look(passAgain, MAX_AGAIN, true)
      })
    },
    stop() {
      endLooks?.()
      endLooks = undefined
      stopped.abort(new Error('stopped'))
    },
  }
}

/**
 * True for leases of a key that only a server which has it can have. A holder that has moved has signed another lease for its new home, and a
 * renewal may be on its way: what is as good as one's own lease counts, whoever has brought it.
 */
async function isProof(
  found: readonly Uint8Array[],
  key: Uint8Array,
  own: readonly Uint8Array[],
  { codec, now }: { codec: LeaseCodec; now(): number },
): Promise<boolean> {
  if (found.some((lease) => own.some((each) => equalBytes(each, lease)))) return true
  const ownLeases = own.map(codec.decode)
  const isAsGood = ({ holder, home, expiresAtMs }: Lease) =>
    ownLeases.some((each) => each.holder === holder && (each.expiresAtMs <= expiresAtMs || each.home === home))
  const others = new Set<string>()
  for (const bytes of found) {
    const lease = readLease(bytes, codec)
    if (lease === undefined || !equalBytes(lease.key, key) || lease.expiresAtMs <= now() || !(await codec.isSigned(lease))) continue
    if (isAsGood(lease)) return true
    others.add(lease.holder)
  }
  return others.size >= MANY_HOLDERS
}

function readLease(bytes: Uint8Array, codec: LeaseCodec): Lease | undefined {
  try {
    return codec.decode(bytes)
  } catch {
    return undefined
  }
}

/** Passes over things that come and go, and goes on where it stopped; once for each call it begins anew. */
function createRounds<T>(values: () => Iterable<T>) {
  let round: Iterator<T> | undefined
  return (most: number, visit: (item: T) => boolean) => {
    let hasBegun = false
    for (let passed = 0; passed < most; passed++) {
      let next = round?.next()
      if (next === undefined || next.done === true) {
        if (hasBegun) return
        hasBegun = true
        round = values()[Symbol.iterator]()
        next = round.next()
        if (next.done === true) return
      }
      if (!visit(next.value)) return
    }
  }
}

/** This peer's own holds: signs a lease for each key, and signs anew before it expires and whenever the home changes. */

import type { PeerId } from '@libp2p/interface'
import { TIMERS, type Timers } from '../async/timers.ts'
import { MayflyError } from '../errors.ts'
import { encodeKeyHex } from '../keys/index.ts'
import type { ServerName } from '../network/index.ts'
import type { Key } from '../types.ts'
import { LEASE_DEFAULTS, type Lease, type LeaseOptions, type LeaseTerms } from './lease.ts'
import type { Hold } from './types.ts'

export interface HoldsContext<Name extends ServerName = PeerId> {
  /** Signs a lease of this peer. */
  sign(terms: LeaseTerms<Name>): Promise<Lease>
  maxHolds: number
  /** Where this peer is found; undefined while a tab has no home. */
  home(): Name | undefined
  /** The overlay's clock: for a tab, its home's. */
  now(): number
  random(): number
  /** Resolves once a record node has taken it. @param content see `Held` */
  announce(lease: Lease, content: Uint8Array | undefined): Promise<void>
  withdraw(key: Key): void
  timers?: Timers
}

interface Held {
  key: Key
  /** Of the key, where it is small enough to travel with the lease. */
  content: Uint8Array | undefined
  owners: number
  /** Counts signings, so that a slow one never overtakes a newer. */
  version: number
  /** When the newest lease says it was issued, by the overlay's clock, in ms. */
  issuedAtMs: number
  announced: boolean
  /** Settled once a lease of it was taken, or it was released. */
  taken: PromiseWithResolvers<void>
}

export type Holds = ReturnType<typeof createHolds>

export function createHolds<Name extends ServerName = PeerId>(context: HoldsContext<Name>, options: LeaseOptions = {}) {
  const { timers = TIMERS } = context
  const { lifetimeMs, maxSkewMs } = { ...LEASE_DEFAULTS, ...options }
  /** By key, hex. Bounded: maxHolds. */
  const held = new Map<string, Held>()
  /** Ends the wait for the next renewal; undefined when nothing is renewed. */
  let endWait: (() => void) | undefined

  async function issue(entry: Held): Promise<void> {
    const home = context.home()
    const version = ++entry.version
    if (home === undefined) return
    // Later than the lease before, even where a new home's clock is a little behind the old one's: else it would pass for the older lease.
    // Where time was set back by more, a later one would be refused for its clock.
    const nowMs = context.now()
    const issuedAtMs = entry.issuedAtMs - nowMs < maxSkewMs / 2 ? Math.max(nowMs, entry.issuedAtMs + 1) : nowMs
    entry.issuedAtMs = issuedAtMs
    const lease = await context.sign({
      key: entry.key,
      home,
      issuedAtMs,
      expiresAtMs: issuedAtMs + lifetimeMs,
    })
    if (entry.version !== version || entry.owners === 0) return
    entry.announced = true
    await context.announce(lease, entry.content)
    if (entry.version === version) entry.taken.resolve()
  }

  function schedule(): void {
    // At half of the lifetime, spread, so that tabs that came together do not renew together.
    const waitMs = (lifetimeMs / 2) * (0.8 + 0.2 * context.random())
    endWait = timers.after(waitMs, () => {
      renew()
      schedule()
    })
  }

  function renew(): void {
    for (const entry of held.values()) void issue(entry)
  }

  return {
    get size() {
      return held.size
    },
    hold(key: Key, content?: Uint8Array): Hold {
      const id = encodeKeyHex(key)
      let entry = held.get(id)
      if (entry === undefined) {
        if (held.size >= context.maxHolds)
          throw new MayflyError('ERR_LIMIT', `Cannot hold another key: this peer holds the limit of ${context.maxHolds}`)
        entry = { key, content, owners: 0, version: 0, issuedAtMs: 0, announced: false, taken: Promise.withResolvers() }
        held.set(id, entry)
        void issue(entry)
      }
      const own = entry
      own.owners++
      let released = false
      return {
        key,
        announced: own.taken.promise,
        async release() {
          if (released) return
          released = true
          if (--own.owners > 0) return
          held.delete(id)
          own.taken.resolve()
          if (own.announced) context.withdraw(key)
        },
      }
    },
    /** Signs all leases anew: the time was set. */
    renew,
    /** The home has changed, or is gone: leases that name another home are void. */
    rehome() {
      for (const entry of held.values()) {
        if (entry.announced) context.withdraw(entry.key)
        entry.announced = false
        void issue(entry)
      }
    },
    start() {
      if (endWait === undefined) schedule()
    },
    stop() {
      endWait?.()
      endWait = undefined
      for (const entry of held.values()) {
        entry.owners = 0
        entry.taken.resolve()
      }
      held.clear()
    },
  }
}

/** Accounts, contacts, presence, calls and rooms of one peer. Loaded for a peer that has people. */

import type { Clock, Overlay } from '../network/index.ts'
import type { RendezvousService } from '../rendezvous/index.ts'
import { createPeople, type PeopleService } from './people.ts'
import type { PeopleOptions } from './people-options.ts'
import type { Ways } from './way/types.ts'

export interface PeopleContext {
  overlay: Overlay
  presence: RendezvousService
  ways: Ways
  role: 'node' | 'tab'
  clock: Clock
  random(): number
  emit(event: ModuleFailedEvent): void
}

export type { PeopleService } from './people.ts'
export type { Way, Ways } from './way/types.ts'

/** A handler of a module failed: its caller hears no more than that, and its developer this. */
export type ModuleFailedEvent = { type: 'module-failed'; module: string; reason: string }

/** @throws {MayflyError} as `openAccount` does */
export async function openPeople(
  { overlay, presence, ways, role, clock, random, emit }: PeopleContext,
  options: PeopleOptions,
): Promise<PeopleService> {
  const { libp2p } = overlay
  const self = libp2p.peerId.toString()

  /** A node is its own home. */
  function where() {
    const home = role === 'node' ? self : presence.home?.toString()
    if (home === undefined) return undefined
    const addresses = home === self ? libp2p.getMultiaddrs() : presence.addressesOf(home)
    return { home, addresses: addresses.map(String) }
  }

  return createPeople(
    {
      self,
      ways,
      rendezvous: {
        hold: presence.hold,
        find: presence.find,
        onCount: presence.onCount,
        onHome: presence.onHome,
        watch: presence.watch,
        where,
      },
      clock: { ...clock, random },
      onModuleError: (module, error) =>
        emit({ type: 'module-failed', module, reason: error instanceof Error ? error.message : String(error) }),
    },
    options,
  )
}

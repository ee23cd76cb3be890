/** Peers that call each other in memory: everybody is everybody's contact, unless the test says otherwise. */

import { encodeKeyHex } from '../../node/keys/index.ts'
import { type Calls, createCalls } from '../../node/people/calls/calls.ts'
import type { CallScope, RoomScope } from '../../node/people/calls/types.ts'
import type { Person } from '../../node/people/types.ts'
import type { WayTarget } from '../../node/people/way/types.ts'
import { createSessionNetwork, type JoinedPeer } from './session-network.ts'
import { sampleIdentity } from './session-pair.ts'

export interface CallPeer extends JoinedPeer {
  calls: Calls
  scope: CallScope
  /** Errors of handlers, by module. */
  errors: [module: string, error: unknown][]
  /** Targets to which a direct connection was wanted. */
  wanted: WayTarget[]
  /** Tells that a direct connection to the peer has opened. */
  openDirect(peer: string): void
}

export interface CallPeersOptions {
  relationOf?(caller: string, callee: string): Person['relation']
  kind?: 'socket' | 'relayed'
  room?: RoomScope
  limits?: Parameters<typeof createCalls>[1]
}

/** @param names of accounts, each with one instance; `account/place` for several */
export function createCallPeers(
  names: readonly string[],
  { relationOf = () => 'contact', kind = 'socket', room, limits }: CallPeersOptions = {},
) {
  const network = createSessionNetwork({ kind })
  const identities = names.map((name) => {
    const [account = name, place = 'laptop'] = name.split('/')
    return sampleIdentity(account, { place, peer: name })
  })
  const peers = identities.map((identity): CallPeer => {
    const joined = network.join(identity)
    const errors: CallPeer['errors'] = []
    const wanted: WayTarget[] = []
    const listeners = new Set<(peer: string, isOpen: boolean) => void>()
    const personOf = (other: typeof identity): Person => {
      const relation = relationOf(other.peer, identity.peer)
      return {
        account: encodeKeyHex(other.account),
        alias: relation === 'contact' ? other.peer : undefined,
        instance: other.peer,
        relation,
      }
    }
    const others = () => identities.filter(({ peer }) => peer !== identity.peer).map(personOf)
    const calls = createCalls(
      {
        sessions: joined,
        ways: {
          wantDirect: (target) => void wanted.push(target),
          onDirect(listener) {
            listeners.add(listener)
            return () => listeners.delete(listener)
          },
        },
        targetOf: (peer) => ({ peer, home: 'home', addresses: [] }),
        personOf,
        onError: (module, error) => void errors.push([module, error]),
        now: () => performance.now(),
        random: () => 0.5,
      },
      limits,
    )
    const scope = calls.scope({ room, resolve: (query) => others().filter(({ instance }) => query === '*' || instance === query) })
    const openDirect = (peer: string) => {
      for (const listener of listeners) listener(peer, true)
    }
    return { ...joined, calls, scope, errors, wanted, openDirect }
  })
  return { network, peers }
}

/** Two peers, since most tests need no more. */
export function createCallPair(options?: CallPeersOptions): {
  network: ReturnType<typeof createSessionNetwork>
  alice: CallPeer
  bob: CallPeer
} {
  const { network, peers } = createCallPeers(['alice', 'bob'], options)
  const [alice, bob] = peers
  if (alice === undefined || bob === undefined) throw new TypeError('two peers')
  return { network, alice, bob }
}

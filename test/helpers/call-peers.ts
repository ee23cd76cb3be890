/** Peers that call each other in memory: everybody is everybody's contact, unless the test says otherwise. */

import { encodeKeyHex } from '../../node/keys/index.ts'
import { type Calls, createCalls } from '../../node/people/calls/calls.ts'
import type { CallScope, RoomScope } from '../../node/people/calls/types.ts'
import type { Person } from '../../node/people/types.ts'
import type { Identity, WayTarget } from '../../node/people/way/types.ts'
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

/** Peers that join one by one, and may leave. */
export function createCallNetwork({ relationOf = () => 'contact', kind = 'socket', room, limits }: CallPeersOptions = {}) {
  const network = createSessionNetwork({ kind })
  /** Bounded by the test. */
  const identities = new Map<string, Identity>()

  /** @param name of the account, with one instance; `account/place` for several */
  function join(name: string): CallPeer {
    const [account = name, place = 'laptop'] = name.split('/')
    const identity = sampleIdentity(account, { place, peer: name })
    identities.set(name, identity)
    const joined = network.join(identity)
    const errors: CallPeer['errors'] = []
    const wanted: WayTarget[] = []
    const direct = new Set<string>()
    const listeners = new Set<(peer: string, isOpen: boolean) => void>()
    const personOf = (other: Identity): Person => {
      const relation = relationOf(other.peer, identity.peer)
      return {
        account: encodeKeyHex(other.account),
        alias: relation === 'contact' ? other.peer : undefined,
        instance: other.peer,
        relation,
      }
    }
    const others = () => [...identities.values()].filter(({ peer }) => peer !== name).map(personOf)
    const calls = createCalls(
      {
        sessions: joined,
        ways: {
          hasDirect: (peer) => direct.has(peer),
          wantDirect(target) {
            wanted.push(target)
            return kind === 'relayed'
          },
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
      direct.add(peer)
      for (const listener of listeners) listener(peer, true)
    }
    const leave = () => {
      identities.delete(name)
      joined.leave()
    }
    return { ...joined, leave, calls, scope, errors, wanted, openDirect }
  }
  return { network, join }
}

/** @param names of all peers, who are known to each other before the first of them calls */
export function createCallPeers(names: readonly string[], options?: CallPeersOptions) {
  const { network, join } = createCallNetwork(options)
  return { network, peers: names.map(join) }
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

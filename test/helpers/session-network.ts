/** Sessions between any number of peers in memory: each peer has a `Sessions` of its own, and may leave, or be cut off. */

import { MayflyError, type MayflyErrorCode } from '../../node/errors.ts'
import type { Identity, Sessions, Topic, WayKind, WayTarget } from '../../node/people/way/types.ts'
import { createSessionPair, type SessionPair } from './session-pair.ts'

export interface JoinedPeer extends Sessions {
  readonly identity: Identity
  /** Names this peer to those who open sessions to it. */
  readonly target: WayTarget
  /** All its sessions are cut, and no more is opened to it or by it. */
  leave(): void
  /** As when its process is stopped: nothing arrives either way, and nobody hears of that. */
  freeze(): void
  thaw(): void
}

export interface OpenPair {
  ends: [string, string]
  topic: Topic
  pair: SessionPair
}

type Handler = { accept: Parameters<Sessions['handle']>[1]; onSession: Parameters<Sessions['handle']>[2] }

export interface SessionNetwork {
  /** All that were opened and have not ended, in order. */
  pairs: OpenPair[]
  /** So many times more, opening a session fails as if its way could not be opened. */
  failures: number
  /** Hears of each session before either end does. */
  onOpened: (pair: OpenPair) => void
  join(identity: Identity): JoinedPeer
}

export function createSessionNetwork({ kind = 'socket' }: { kind?: WayKind } = {}): SessionNetwork {
  const handlers = new Map<string, Map<Topic['kind'], Handler>>()
  const frozen = new Set<string>()
  /** Bounded by the test. */
  const pairs: OpenPair[] = []
  const pairsOf = (peer: string) => pairs.filter(({ ends }) => ends.includes(peer))

  async function connect(opener: Identity, accepter: string, topic: Topic, openedAs: WayKind): Promise<SessionPair> {
    if (network.failures > 0) {
      network.failures--
      throw new MayflyError('ERR_UNAVAILABLE', `Cannot reach ${accepter}: the way failed`)
    }
    const handler = handlers.get(accepter)?.get(topic.kind)
    const identity = joined.get(accepter)
    if (handler === undefined || identity === undefined)
      throw new MayflyError('ERR_UNAVAILABLE', `Cannot reach ${accepter}: nobody is there`)
    const verdict = handler.accept(opener, topic)
    const answer = verdict instanceof Promise ? await verdict : verdict
    if ('code' in answer) throw new MayflyError(answer.code as MayflyErrorCode, answer.text)
    const pair = createSessionPair({ topic, answered: answer.answer, kind: openedAs, opener, accepter: identity })
    const open: OpenPair = { ends: [opener.peer, accepter], topic, pair }
    pairs.push(open)
    network.onOpened(open)
    handler.onSession(pair.accepter)
    return pair
  }

  /** Peers that have not left, by peer id. */
  const joined = new Map<string, Identity>()

  const network: SessionNetwork = {
    pairs,
    failures: 0,
    onOpened: () => {},
    join(identity) {
      const own = new Map<Topic['kind'], Handler>()
      const { peer } = identity
      handlers.set(peer, own)
      joined.set(peer, identity)
      return {
        identity,
        target: { peer, home: 'home', addresses: [] },
        async open(target, topic, { signal, prefer } = {}) {
          signal?.throwIfAborted()
          await new Promise(setImmediate)
          signal?.throwIfAborted()
          if (!joined.has(peer)) throw new MayflyError('ERR_UNAVAILABLE', 'Cannot open a session: this peer has left')
          for (const [index, { pair }] of [...pairs.entries()].reverse())
            if (!pair.opener.open && !pair.accepter.open) pairs.splice(index, 1)
          const pair = await connect(identity, target.peer, topic, prefer === 'direct' ? 'direct' : kind)
          if (frozen.has(peer) || frozen.has(target.peer)) pair.freeze()
          return pair.opener
        },
        handle(topicKind, accept, onSession) {
          own.set(topicKind, { accept, onSession })
          return () => own.delete(topicKind)
        },
        leave() {
          joined.delete(peer)
          handlers.delete(peer)
          for (const { pair } of pairsOf(peer)) pair.cut(new Error(`${peer} has left`))
        },
        freeze() {
          frozen.add(peer)
          for (const { pair } of pairsOf(peer)) pair.freeze()
        },
        thaw() {
          frozen.delete(peer)
          for (const { pair } of pairsOf(peer)) pair.thaw()
        },
      }
    },
  }
  return network
}

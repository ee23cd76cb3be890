/** Two ends that answer each other in memory: by bare frames, and by calls, over the same kind of session. */

import { type Calls, createCalls } from '../../node/people/calls/calls.ts'
import type { Person } from '../../node/people/types.ts'
import { createSessions } from '../../node/people/way/sessions.ts'
import type { Identity, Session, Sessions } from '../../node/people/way/types.ts'
import { createMemoryWays } from '../../test/helpers/memory-ways.ts'
import { createSessionNetwork } from '../../test/helpers/session-network.ts'
import { sampleIdentity } from '../../test/helpers/session-pair.ts'
import type { Echo } from './echo-meter.ts'

const ALICE = sampleIdentity('alice')
const BOB = sampleIdentity('bob')
const TO_BOB = { peer: BOB.peer, home: BOB.peer, addresses: [] }

/** Sessions over frames that are handed over, and over yamux streams. */
export type Carrier = 'handed over' | 'yamux'

function createBothSessions(carrier: Carrier): [Sessions, Sessions] {
  if (carrier === 'handed over') {
    const network = createSessionNetwork()
    return [network.join(ALICE), network.join(BOB)]
  }
  const isOf = (certificate: Uint8Array, { certificate: own }: Identity) => Buffer.compare(certificate, own) === 0
  const ways = createMemoryWays([ALICE.peer, BOB.peer])
  const start = (identity: Identity, index: 0 | 1) => {
    const verify = ({ certificate }: { certificate: Uint8Array }) => ({ identity: isOf(certificate, ALICE) ? ALICE : BOB })
    const sessions = createSessions({ ways: ways[index], identity: () => identity, verify })
    sessions.start()
    return sessions
  }
  return [start(ALICE, 0), start(BOB, 1)]
}

export async function createBareEcho(carrier: Carrier): Promise<Echo> {
  const [alice, bob] = createBothSessions(carrier)
  bob.handle(
    'calls',
    (_, topic) => ({ answer: topic }),
    (session) => session.onFrame((frame) => session.send(frame)),
  )
  const session: Session = await alice.open(TO_BOB, { kind: 'calls' })
  const waiting = new Map<number, (value: unknown) => void>()
  let last = 0
  session.onFrame(([, id, value]) => {
    waiting.get(id as number)?.(value)
    waiting.delete(id as number)
  })
  return (value) =>
    new Promise((resolve) => {
      const id = ++last
      waiting.set(id, resolve)
      session.send([1, id, value])
    })
}

export async function createCallEcho(carrier: Carrier): Promise<Echo> {
  const [alice, bob] = createBothSessions(carrier)
  const persons = new Map<string, Person>(
    [ALICE, BOB].map(({ peer }) => [peer, { account: peer.padEnd(52, '0'), alias: peer, instance: peer, relation: 'contact' }]),
  )
  const scopeOf = (sessions: Sessions, others: string[]) => {
    const calls: Calls = createCalls({
      sessions,
      ways: undefined,
      targetOf: () => TO_BOB,
      personOf: ({ peer }) => persons.get(peer) as Person,
      onError: (_, error) => console.error(error),
      now: () => performance.now(),
      random: Math.random,
    })
    return calls.scope({ resolve: () => others.map((peer) => persons.get(peer) as Person) })
  }
  scopeOf(bob, [ALICE.peer]).module('echo', (value) => value)
  const target = scopeOf(alice, [BOB.peer]).get('bob')
  return async (value) => (await target.message('echo', value).settled())[0]
}

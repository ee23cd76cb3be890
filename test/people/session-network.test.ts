import { expect, test } from 'vitest'
import { createSessionNetwork } from '../helpers/session-network.ts'
import { sampleIdentity } from '../helpers/session-pair.ts'
import { waitFor } from '../helpers/wait-for.ts'

test('peers open sessions with each other by topic; a refusal has its code, and one who left cannot be reached', async () => {
  const network = createSessionNetwork()
  const [alice, bob, eve] = ['alice', 'bob', 'eve'].map((name) => network.join(sampleIdentity(name)))
  if (alice === undefined || bob === undefined || eve === undefined) throw new TypeError('three peers')
  const ends: unknown[] = []
  bob.handle(
    'calls',
    (remote, topic) => (remote.peer === eve.identity.peer ? { code: 'ERR_REFUSED', text: 'a stranger' } : { answer: topic }),
    (session) => {
      session.onFrame((frame) => session.send(frame))
      session.onEnd((reason) => ends.push(reason))
    },
  )
  const session = await alice.open(bob.target, { kind: 'calls' })
  const echoes: unknown[] = []
  session.onFrame((frame) => echoes.push(frame))
  session.send([1, 'hello'])
  await waitFor(
    () => echoes.length === 1,
    5_000,
    () => 'the echo',
  )
  expect([session.remote, network.pairs[0]?.pair.accepter.remote]).toEqual([bob.identity, alice.identity])
  await expect(eve.open(bob.target, { kind: 'calls' })).rejects.toMatchObject({ code: 'ERR_REFUSED' })
  await expect(alice.open(bob.target, { kind: 'link' })).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  alice.leave()
  await waitFor(
    () => ends.length === 1,
    5_000,
    () => 'the end',
  )
  await expect(bob.open(alice.target, { kind: 'calls' })).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
})

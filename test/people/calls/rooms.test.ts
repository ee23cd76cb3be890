import { expect, test } from 'vitest'
import type { RoomScope } from '../../../node/people/calls/types.ts'
import type { Answer } from '../../../node/people/types.ts'
import { createCallPair } from '../../helpers/call-peers.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const codes = (answers: Answer[]) => answers.map((answer) => ('value' in answer ? answer.value : answer.error.code))
const key = new Uint8Array(32).fill(7)

/** A proof is the secret itself: enough to tell who has it. */
function createRoom(secret: number, own = secret, isMember = true): RoomScope {
  return {
    key,
    prove: () => ({ room: key, proof: new Uint8Array([own]) }),
    isProven: ({ proof }) => proof[0] === secret,
    isMember: () => isMember,
  }
}
const strangers = () => 'stranger' as const

test('members of a room call each other, strangers as they are; who only knows the key of the room is refused', async () => {
  const { alice, bob } = createCallPair({ room: createRoom(1), relationOf: strangers })
  bob.scope.module('echo', (input) => input, { policy: 'own' })
  bob.scope.module('not you', (input) => input, { policy: () => false })
  expect(codes(await alice.scope.get('bob').message('echo', 1).settled())).toEqual([1])
  expect(codes(await alice.scope.get('bob').message('not you', 1).settled())).toEqual(['ERR_REFUSED'])
  expect(codes(await alice.scope.get('bob').message('none', 1).settled())).toEqual(['ERR_NO_MODULE'])
  for (const room of [createRoom(1, 2), createRoom(1, 1, false)]) {
    const other = createCallPair({ room, relationOf: strangers })
    other.bob.scope.module('echo', (input) => input)
    expect(codes(await other.alice.scope.get('bob').message('echo', 1).settled())).toEqual(['ERR_REFUSED'])
    await expect(other.alice.scope.channel('bob', 'any')).rejects.toMatchObject({ code: 'ERR_REFUSED' })
  }
})

test('a call and a channel of a member whose admission is being decided wait for that', async () => {
  for (const isAdmitted of [true, false]) {
    const decision = Promise.withResolvers<boolean>()
    let asked = 0
    const isMember = () => {
      asked++
      return decision.promise
    }
    const { alice, bob } = createCallPair({ room: { ...createRoom(1), isMember }, relationOf: strangers })
    bob.scope.module('echo', (input) => input)
    bob.scope.onChannel('any', () => {})
    const answers = alice.scope.get('bob').message('echo', 1).settled()
    const channel = alice.scope.channel('bob', 'any').then(
      () => 'open',
      ({ code }: { code: string }) => code,
    )
    await waitFor(
      () => asked === 2,
      10_000,
      () => 'both have come',
    )
    decision.resolve(isAdmitted)
    expect([codes(await answers), await channel]).toEqual(isAdmitted ? [[1], 'open'] : [['ERR_REFUSED'], 'ERR_REFUSED'])
  }
})

test('the answering end has to prove the room, too', async () => {
  let asked = 0
  // The accepter takes any proof, and gives a wrong one.
  const room: RoomScope = { ...createRoom(1, 2), isProven: ({ proof }) => ++asked === 1 || proof[0] === 1 }
  const { alice, bob } = createCallPair({ room })
  bob.scope.module('echo', (input) => input)
  expect(codes(await alice.scope.get('bob').message('echo', 1).settled())).toEqual(['ERR_REFUSED'])
})

test('modules of a room and of people are apart', async () => {
  const { alice, bob } = createCallPair()
  const [a, b] = [alice, bob].map(({ calls }, i) => {
    const person = { account: 'x', alias: undefined, instance: i === 0 ? 'bob' : 'alice', relation: 'contact' as const }
    return calls.scope({ room: createRoom(1), resolve: () => [person] })
  })
  b?.module('where', () => 'in the room')
  bob.scope.module('where', () => 'among people')
  bob.scope.module('people', () => 1)
  expect(codes((await a?.get('bob').message('where', 1).settled()) ?? [])).toEqual(['in the room'])
  expect(codes(await alice.scope.get('bob').message('where', 1).settled())).toEqual(['among people'])
  expect(codes((await a?.get('bob').message('people', 1).settled()) ?? [])).toEqual(['ERR_NO_MODULE'])
})

import { expect, test } from 'vitest'
import { createRoomSecret, isRoomProven, proveRoom, roomKeyOf } from '../../../node/people/rooms/room-secret.ts'
import type { Person } from '../../../node/people/types.ts'
import { createPeople, type PresentPerson, pass } from '../../helpers/present-people.ts'

async function roomOf(name: string, password?: string) {
  const secret = await createRoomSecret(name, password)
  return ({ peer, presence }: PresentPerson, admit?: (person: Person) => boolean | Promise<boolean>) =>
    presence.enterRoom({
      key: roomKeyOf(secret),
      prove: (other) => proveRoom(secret, peer, other),
      isProven: (proof, other) => isRoomProven(secret, proof, other, peer),
      admit,
    })
}

const ids = (room: { present(): Person[] }) => room.present().map(({ instance }) => instance)

test('rooms: strangers who know the secret see each other there, and nowhere else', async () => {
  const { join } = createPeople()
  const enter = await roomOf('tea')
  const people = ['ann', 'bob', 'cat'].map((name) => join(name, name))
  for (const { presence } of people) presence.start()
  const rooms = people.map((person) => enter(person))
  rooms[1]?.setState('in the room')
  people[1]?.presence.circle.setState('for contacts')
  await pass(1_500)
  expect(rooms.map((room) => ids(room).toSorted())).toEqual([
    ['bob', 'cat'],
    ['ann', 'cat'],
    ['ann', 'bob'],
  ])
  expect(rooms[0]?.stateOf('bob')).toBe('in the room')
  expect(people.map(({ sees }) => sees())).toEqual([[], [], []])
  rooms[1]?.leave()
  await pass(500)
  expect(rooms.map((room) => ids(room))).toEqual([['cat'], [], ['ann']])
})

test('rooms: somebody who holds the key without the secret is seen by nobody, and sees nobody', async () => {
  const { join, records } = createPeople()
  const enter = await roomOf('tea', 'a good password')
  const enterWrongly = await roomOf('tea', 'another one')
  const [ann, bob, eve] = [join('ann', 'ann'), join('bob', 'bob'), join('eve', 'eve')]
  for (const { presence } of [ann, bob, eve]) presence.start()
  const rooms = [enter(ann), enter(bob)]
  const wrong = enterWrongly(eve)
  records.put(roomKeyOf(await createRoomSecret('tea', 'a good password')), eve.sessions.target)
  await pass(3_000)
  expect(rooms.map(ids)).toEqual([['bob'], ['ann']])
  expect(ids(wrong)).toEqual([])
})

test('rooms: a contact who is linked already is found in a room, one link for both, and stays a contact when it leaves', async () => {
  const { join, befriend, network } = createPeople()
  const enter = await roomOf('tea')
  const [ann, bob] = [join('ann', 'ann'), join('bob', 'bob')]
  befriend(ann, bob)
  for (const { presence } of [ann, bob]) presence.start()
  await pass(1_000)
  const rooms = [enter(ann), enter(bob)]
  await pass(1_000)
  expect(rooms.map(ids)).toEqual([['bob'], ['ann']])
  expect(network.pairs.filter(({ pair }) => pair.opener.open)).toHaveLength(1)
  rooms[0]?.leave()
  await pass(300)
  expect(rooms.map(ids)).toEqual([[], []])
  expect([ann.sees(), bob.sees()]).toEqual([['bob'], ['ann']])
})

test('rooms: nobody is visible before the hook has admitted it; one that it refuses sees no proof, and is not asked about again', async () => {
  const { join } = createPeople()
  const enter = await roomOf('tea')
  const [ann, bob, eve] = [join('ann', 'ann'), join('bob', 'bob'), join('eve', 'eve')]
  for (const { presence } of [ann, bob, eve]) presence.start()
  const asked: string[] = []
  const decision = Promise.withResolvers<boolean>()
  const room = enter(ann, ({ instance }) => {
    asked.push(instance)
    return instance === 'bob' ? decision.promise : false
  })
  const others = [enter(bob), enter(eve)]
  await pass(1_000)
  expect(ids(room)).toEqual([])
  decision.resolve(true)
  await pass(300)
  expect(ids(room)).toEqual(['bob'])
  expect(others.map((other) => ids(other).includes('ann'))).toEqual([true, false])
  await pass(20_000)
  expect(asked.toSorted()).toEqual(['bob', 'eve'])
})

test('rooms: a member that calls before it was admitted is waited for, until that is decided, and not for long', async () => {
  const { join } = createPeople()
  const enter = await roomOf('tea')
  const [ann, bob, eve, slow] = [join('ann', 'ann'), join('bob', 'bob'), join('eve', 'eve'), join('slow', 'slow')]
  for (const { presence } of [ann, bob, eve, slow]) presence.start()
  const decisions: Record<string, PromiseWithResolvers<boolean>> = Object.fromEntries(
    ['bob', 'eve', 'slow'].map((name) => [name, Promise.withResolvers<boolean>()]),
  )
  const room = enter(ann, ({ instance }) => decisions[instance]?.promise ?? false)
  const verdicts: [string, boolean][] = []
  const ask = (name: string) => void Promise.resolve(room.admits(name)).then((isAdmitted) => verdicts.push([name, isAdmitted]))
  ask('bob') // its link has not come yet
  for (const person of [bob, eve, slow]) enter(person)
  await pass(1_000)
  for (const name of ['eve', 'slow']) ask(name)
  expect(verdicts).toEqual([])
  decisions.bob?.resolve(true)
  decisions.eve?.resolve(false)
  await pass(300)
  expect(verdicts.toSorted()).toEqual([
    ['bob', true],
    ['eve', false],
  ])
  expect([room.admits('bob'), room.admits('eve')]).toEqual([true, false])
  await pass(6_000)
  expect(verdicts[2]).toEqual(['slow', false])
  decisions.slow?.resolve(true)
  await pass(300)
  expect(room.admits('slow')).toBe(true)
  ask('a stranger')
  room.leave()
  await pass(0)
  expect(verdicts[3]).toEqual(['a stranger', false])
})

test('rooms: of forty members each finds all, though a search tells of sixteen', async () => {
  const { join } = createPeople({ sampleSize: 16 })
  const enter = await roomOf('crowd')
  const people = Array.from({ length: 40 }, (_, i) => join(`person ${i}`, `p-${String(i).padStart(2, '0')}`))
  for (const { presence } of people) presence.start()
  const rooms = people.map((person) => enter(person))
  const missing = () => rooms.filter((room) => room.present().length < 39)
  for (let i = 0; i < 20 && missing().length > 0; i++) await pass(500)
  expect(missing()).toEqual([])
})

test('rooms: they come back with the instance', async () => {
  const { join } = createPeople()
  const enter = await roomOf('tea')
  const [ann, bob] = [join('ann', 'ann'), join('bob', 'bob')]
  for (const { presence } of [ann, bob]) presence.start()
  const rooms = [enter(ann), enter(bob)]
  await pass(1_000)
  bob.presence.stop()
  await pass(300)
  expect(rooms.map(ids)).toEqual([[], []])
  bob.presence.start()
  await pass(1_000)
  expect(rooms.map(ids)).toEqual([['bob'], ['ann']])
})

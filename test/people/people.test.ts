import { afterEach, beforeEach, expect, it } from 'vitest'
import type { OwnAccount } from '../../node/people/account/account.ts'
import { isAccountKept } from '../../node/people/account/account-record.ts'
import { adoptAccount, openAccount } from '../../node/people/account/open-account.ts'
import { createMemoryAccountStore } from '../../node/people/account/store.ts'
import { keyIdOf } from '../../node/people/format/account-key.ts'
import type { Circle } from '../../node/people/types.ts'
import { createPeopleWorld, type PeopleWorld, type WorldPerson } from '../helpers/people-world.ts'
import { waitFor } from '../helpers/wait-for.ts'

let world: PeopleWorld
beforeEach(() => {
  world = createPeopleWorld()
})
afterEach(() => world.stop())

async function addOnline(...args: Parameters<PeopleWorld['add']>): Promise<WorldPerson> {
  const person = await world.add(...args)
  person.people.module('echo', (text) => `${person.id}: ${String(text)}`, { policy: 'own' })
  await person.people.connect()
  return person
}

async function addInstance({ people }: WorldPerson): Promise<WorldPerson> {
  return addOnline({ account: { kind: 'words', words: (await people.account.words()).join(' ') } })
}

const ids = (persons: readonly { id: string }[]) => persons.map(({ id }) => id).sort()
const present = (circle: Circle) => ids(circle.present().map(({ instance }) => ({ id: instance })))

async function waitForPresent(circle: Circle, others: readonly WorldPerson[]): Promise<void> {
  await waitFor(
    () => present(circle).join() === ids(others).join(),
    10_000,
    () => `${ids(others)} are there: ${present(circle)}`,
  )
}

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, 'still waiting'))

const answersOf = async (circle: Circle, query: string) =>
  (await circle.get(query).message('echo', 'hi').settled()).map((answer) => ('value' in answer ? answer.value : answer.error.code)).sort()

it('people: instances of one account see and call each other, and come and go with connect, suspend and disconnect', async () => {
  const one = await addOnline()
  const [two, three] = [await addInstance(one), await addInstance(one)]
  await waitForPresent(one.people, [two, three])
  await waitForPresent(three.people, [one, two])
  const both = ids([two, three]).map((id) => `${id}: hi`)
  expect(await answersOf(one.people, '*')).toEqual(both)
  expect(await answersOf(one.people, 'Us')).toEqual(both)
  expect(await answersOf(one.people, three.id)).toEqual([`${three.id}: hi`])
  await two.people.suspend()
  await waitForPresent(one.people, [three])
  expect(present(two.people)).toEqual([])
  await expect(answersOf(one.people, two.id)).rejects.toMatchObject({ code: 'ERR_NOBODY' })
  await two.people.resume()
  await waitForPresent(one.people, [two, three])
  await two.people.disconnect()
  await waitForPresent(one.people, [three])
})

it('people: a room comes back after a suspend, and is left by disconnect', async () => {
  const [ann, ben] = [await addOnline(), await addOnline()]
  const [here, there] = [await ann.people.room(' tea '), await ben.people.room('tea')]
  expect(here.name).toBe('tea')
  there.module('echo', (text) => `${ben.id} in the room: ${String(text)}`)
  await waitForPresent(here, [ben])
  expect(await answersOf(here, '*')).toEqual([`${ben.id} in the room: hi`])
  expect(present(ann.people)).toEqual([])
  await ben.people.suspend()
  await waitForPresent(here, [])
  await ben.people.resume()
  await waitForPresent(here, [ben])
  expect(await answersOf(here, '*')).toEqual([`${ben.id} in the room: hi`])
  await ben.people.disconnect()
  await waitForPresent(here, [])
  await ben.people.connect()
  await expect(answersOf(there, '*')).rejects.toMatchObject({ code: 'ERR_NOT_STARTED' })
  const again = await ben.people.room('tea')
  await waitForPresent(here, [ben])
  await expect(ben.people.room('tea')).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  await again.leave()
  await again.leave()
  await waitForPresent(here, [])
})

it('people: a room is entered by those who are online', async () => {
  const { people } = await world.add()
  await expect(people.room('tea')).rejects.toMatchObject({ code: 'ERR_NOT_STARTED' })
  await people.connect()
  await expect(people.room('')).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  await (await people.room('tea')).leave()
  await people.stop()
  await expect(people.connect()).rejects.toMatchObject({ code: 'ERR_NOT_STARTED' })
})

it('people: a handler that fails is told to this side, and its caller hears a code', async () => {
  const one = await addOnline()
  const two = await addInstance(one)
  two.people.module('fail', () => {
    throw new Error('on purpose')
  })
  await waitForPresent(one.people, [two])
  const [answer] = await one.people.get('*').message('fail', null).settled()
  expect(answer).toMatchObject({ error: { code: 'ERR_HANDLER' } })
  expect(two.failures).toEqual([['fail', new Error('on purpose')]])
})

it('people: two become contacts by a token, and call each other', async () => {
  const [ann, ben] = [await addOnline(), await addOnline()]
  for (const { people, id } of [ann, ben]) people.module('greet', () => `${id} greets`)
  const { token, claimed } = await ann.people.contacts.requestToken('Ben')
  const [mine, theirs] = await Promise.all([claimed, ben.people.contacts.claimToken('Ann', token)])
  expect(mine.words).toEqual(theirs.words)
  await waitForPresent(ann.people, [ben])
  await waitForPresent(ben.people, [ann])
  expect(await ann.people.get('Ben').message('greet', null).settled()).toMatchObject([
    { value: `${ben.id} greets`, person: { alias: 'Ben' } },
  ])
  expect(await answersOf(ben.people, 'Ann')).toEqual(['ERR_REFUSED']) // that module is for own instances
  await ann.people.contacts.remove(ben.people.account.id)
  await waitForPresent(ann.people, [])
  await waitForPresent(ben.people, [])
})

it('people: the certificate of a device past half of its life is renewed when an owner of the account meets it', async () => {
  const [ownerStore, deviceStore] = [createMemoryAccountStore(), createMemoryAccountStore()]
  const DAYS_200_MS = 17_280_000_000
  const before = await openAccount(ownerStore, { kind: 'kept' }, { now: () => Date.now() - DAYS_200_MS })
  await adoptAccount(deviceStore, await before.grantPlace(deviceStore.place.publicKey, { role: 'device', name: 'phone' }))
  before.close()
  const device = await addOnline({ store: deviceStore })
  const serial = () => device.people.account.places().find(({ isThis }) => isThis)?.serial
  expect(serial()).toBe(1)
  await addOnline({ store: ownerStore })
  await waitFor(() => serial() === 2, 10_000, 'the device has its new certificate')
})

it('people: a device that its account revokes is gone for its contacts and for its own, and does not come back', async () => {
  const [owner, friend] = [await addOnline(), await addOnline()]
  const { token, claimed } = await owner.people.contacts.requestToken('Friend')
  await Promise.all([claimed, friend.people.contacts.claimToken('Owner', token)])
  const deviceStore = createMemoryAccountStore()
  const account = owner.people.account as OwnAccount
  await adoptAccount(deviceStore, await account.grantPlace(deviceStore.place.publicKey, { role: 'device', name: 'phone' }))
  const device = await addOnline({ store: deviceStore })
  await waitForPresent(friend.people, [owner, device])
  await waitForPresent(device.people, [owner, friend])
  await account.revoke(keyIdOf(deviceStore.place.publicKey))
  await waitForPresent(friend.people, [owner])
  await waitForPresent(owner.people, [friend])
  await waitForPresent(device.people, [])
  const isTold = () => device.people.account.places().find(({ isThis }) => isThis)?.isRevoked === true
  await waitFor(isTold, 10_000, 'the device is told')
  await device.people.suspend()
  await device.people.resume()
  const again = await addOnline({ store: deviceStore })
  const another = await addInstance(owner) // comes later than the device's tries to come back
  await waitForPresent(friend.people, [owner, another])
  await waitForPresent(owner.people, [another, friend])
  expect(present(again.people)).toEqual([])
})

it('rooms: of two who both decide whom they admit, the one that sees the other first may call at once', async () => {
  const [ann, ben] = [await addOnline(), await addOnline()]
  const decision = Promise.withResolvers<boolean>()
  const there = await ben.people.room('tea', { admit: () => true })
  const here = await ann.people.room('tea', { admit: () => decision.promise })
  here.module('echo', (text) => `${ann.id} in the room: ${String(text)}`)
  // Ann has proven that she knows the room, and has not decided about Ben.
  await waitForPresent(there, [ann])
  expect(present(here)).toEqual([])
  const answers = answersOf(there, '*')
  await expect(Promise.race([answers, pass(100)])).resolves.toBe('still waiting')
  decision.resolve(true)
  expect(await answers).toEqual([`${ann.id} in the room: hi`])
})

it('people: an account that is forgotten is gone from its store, its instance offline, and another one may begin there', async () => {
  const store = createMemoryAccountStore()
  const ann = await addOnline({ store })
  const other = await addInstance(ann)
  await waitForPresent(other.people, [ann])
  expect([await isAccountKept(store), ann.people.account.isForgotten]).toEqual([true, false])
  await ann.people.forget()
  await waitForPresent(other.people, [])
  expect(await isAccountKept(store)).toBe(false)
  await expect(ann.people.connect()).rejects.toMatchObject({ code: 'ERR_NOT_STARTED' })
  await expect(world.add({ store, account: { kind: 'kept', create: false } })).rejects.toMatchObject({ code: 'ERR_NO_ACCOUNT' })
  const next = await addOnline({ store })
  expect(next.people.account.id).not.toBe(ann.people.account.id)
})

it('people: an instance goes offline when another tab of its browser forgets the account, and stays so', async () => {
  const store = createMemoryAccountStore()
  const first = await addOnline({ store })
  const words = (await first.people.account.words()).join(' ')
  const second = await addOnline({ store })
  const elsewhere = await addOnline({ account: { kind: 'words', words } })
  await waitForPresent(elsewhere.people, [first, second])
  const told = new Promise<void>((resolve) => void second.people.account.onChange(resolve))
  await first.people.forget()
  await told
  expect(second.people.account.isForgotten).toBe(true)
  await waitForPresent(elsewhere.people, [])
  await expect(second.people.connect()).rejects.toMatchObject({ code: 'ERR_NOT_STARTED' })
})

/** Peers with people, in a network of this process. */

import type { Answer, Circle, Peer, PeopleOptions, Query } from '../../node/index.ts'
import type { Network, TestNode } from './network.ts'
import { waitFor } from './wait-for.ts'

/** A tab that is online with its account; a guest's when nothing is said. */
export async function addPerson(network: Network, node: TestNode, people: PeopleOptions = { account: { kind: 'guest' } }): Promise<Peer> {
  const tab = await network.addTab(node, { people, content: false })
  tab.people.module('echo', (text) => `${tab.id}: ${String(text)}`)
  await tab.people.connect()
  return tab
}

/** Another instance of the same person, as on another device of theirs. */
export async function addInstance(network: Network, node: TestNode, person: Peer): Promise<Peer> {
  const words = (await person.people.account.words()).join(' ')
  return addPerson(network, node, { account: { kind: 'words', words } })
}

/** Makes the two contacts of each other, under these aliases. */
export async function becomeContacts(one: Peer, other: Peer, oneIs: string, otherIs: string): Promise<void> {
  const { token, claimed } = await one.people.contacts.requestToken(otherIs)
  await Promise.all([claimed, other.people.contacts.claimToken(oneIs, token)])
}

/** Waits until the circle has exactly these others in it. */
export async function waitForPresent(circle: Circle, others: readonly Peer[]): Promise<void> {
  const expected = idsOf(others)
  const present = () =>
    circle
      .present()
      .map(({ instance }) => instance)
      .sort()
  await waitFor(
    () => JSON.stringify(present()) === JSON.stringify(expected),
    60_000,
    () => `exactly ${expected.length} others are there: ${JSON.stringify(present())}`,
  )
}

export const idsOf = (peers: readonly { id: string }[]): string[] => peers.map(({ id }) => id).sort()

/** The instances that answered, in order of their ids; a failed answer throws. */
export async function askEcho(circle: Circle, query: Query): Promise<string[]> {
  const answers = await circle.get(query).message('echo', 'hello').settled()
  return answers.map(answered).sort()
}

function answered(answer: Answer): string {
  if ('error' in answer) throw new Error(`${answer.person.instance} answered ${answer.error.code}: ${answer.error.message}`)
  if (answer.value !== `${answer.person.instance}: hello`) throw new Error(`a wrong answer: ${String(answer.value)}`)
  return answer.person.instance
}

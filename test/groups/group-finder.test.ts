import { expect, test } from 'vitest'
import type { GroupFound } from '../../node/groups/group-finder.ts'
import { createGroupTestNetwork, type TestServer } from '../helpers/group-network.ts'

const place = { high: Number.parseInt('1010'.padEnd(32, '0'), 2), low: 5 }

/** An asker in group 0, some mates of it, and eight servers of group 1 of which two are its delegates. */
function createNetwork() {
  const network = createGroupTestNetwork()
  const [asker, mate] = [network.add('00', 1), network.add('01', 1)]
  const others = Array.from({ length: 8 }, (_, index) => network.add(`1${index.toString(2).padStart(3, '0')}`, 1))
  network.linkAll(others)
  network.link(asker, mate)
  const [first, second] = [others[2], others[7]] as [TestServer, TestServer]
  network.link(asker, first)
  network.link(asker, second)
  network.link(mate, others[0] as TestServer)
  const holder = others[4] as TestServer
  holder.group.hold(network.lease(holder, place))
  network.deliver()
  function find(): () => GroupFound | undefined {
    let found: GroupFound | undefined
    asker.group.find('key', place, (each) => {
      found = each
    })
    return () => found
  }
  return { network, asker, mate, others, first, second, find }
}

test('finds: a key of another group is found in at most two steps, and a key of this one in one', () => {
  const { network, find, others } = createNetwork()
  const found = find()
  network.deliver()
  expect(found()).toMatchObject({ holders: ['lease'], stage: 1, dials: 0 })
  expect(found()?.steps).toBeLessThanOrEqual(2)
  let own: GroupFound | undefined
  others[6]?.group.find('key', place, (each) => {
    own = each
  })
  network.deliver()
  expect(own).toMatchObject({ holders: ['lease'], steps: 1 })
})

/** The server's answers to finds arrive as if it had found nobody. */
function deny(
  network: ReturnType<typeof createGroupTestNetwork>,
  liars: readonly TestServer[],
  counts: { asked: number; answered: number },
): void {
  network.change(({ from, message }) => {
    if (!liars.includes(from) || message.type !== 'answer' || message.answer.type !== 'found') return message
    return { ...message, answer: { type: 'found', holders: [], steps: 0, ...counts } }
  })
}

test('finds: a delegate that denies is gone round, then asked last, and loses its place when it has denied twice', () => {
  const { network, find, asker, first, second } = createNetwork()
  deny(network, [first], { asked: 3, answered: 3 })
  const [once, then] = [find(), find()]
  network.pass(1_000)
  expect([once()?.stage, then()?.stage, asker.group.links.has(first)]).toEqual([2, 2, false])
  network.link(asker, first)
  const again = find()
  network.pass(1_000)
  expect(again()).toMatchObject({ holders: ['lease'], stage: 1 })
  expect(asker.group.links.has(second)).toBe(true)
})

test('finds: "nobody" from a delegate whose record nodes could not be asked is no lie', () => {
  const { network, find, asker, first } = createNetwork()
  deny(network, [first], { asked: 3, answered: 1 })
  for (let i = 0; i < 3; i++) {
    const found = find()
    network.pass(1_000)
    expect(found()).toMatchObject({ holders: ['lease'], stage: 2 })
  }
  expect(asker.group.links.has(first)).toBe(true)
})

test('finds: a server that has no delegate of the group yet asks by a mate, in three steps', () => {
  const { network, find, asker, first, second } = createNetwork()
  network.unlink(asker, first)
  network.unlink(asker, second)
  const found = find()
  network.deliver()
  expect(found()).toMatchObject({ holders: ['lease'], dials: 0 })
  expect(found()?.steps).toBeLessThanOrEqual(3)
})

test('finds: where both delegates deny, the nearest servers are dialled by what mates and their delegates know', () => {
  const { network, find, asker, first, second } = createNetwork()
  const isDenier = (server: TestServer) => server === first || server === second
  network.lose(({ from, message }) => isDenier(from) && message.type === 'answer')
  const found = find()
  for (let i = 0; i < 40; i++) {
    network.pass(200)
    network.answerDials(asker)
  }
  expect(found()).toMatchObject({ holders: ['lease'], stage: 3 })
  expect(found()?.dials).toBeGreaterThan(0)
})

test('finds: a key that nobody holds is denied only when all ways have said so', () => {
  const { network, asker } = createNetwork()
  let found: GroupFound | undefined
  asker.group.find('other', place, (each) => {
    found = each
  })
  for (let i = 0; i < 40; i++) {
    network.pass(200)
    network.answerDials(asker, false)
  }
  expect(found).toMatchObject({ holders: [], stage: 4 })
  expect(found?.answered).toBeGreaterThan(3)
})

test('finds: a server that does not cover the key passes the question on, and at last answers itself', () => {
  const { network, asker, mate } = createNetwork()
  const answers: unknown[] = []
  asker.group.links.setBits(0)
  mate.group.links.setBits(1)
  asker.group.onMessage(mate, { type: 'question', turn: 1, question: { type: 'find', key: 'key', place, hops: 1, width: 3 } })
  network.lose(({ message }) => {
    if (message.type === 'answer' && message.turn === 1 && message.answer.type === 'found') answers.push(message.answer.holders)
    return false
  })
  network.pass(1_000)
  expect(answers).toContainEqual(['lease'])
})

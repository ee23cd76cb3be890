import { expect, test } from 'vitest'
import { presenceKeyOf } from '../../../node/people/presence/known-people.ts'
import { createPeople, pass } from '../../helpers/present-people.ts'
import { sampleIdentity } from '../../helpers/session-pair.ts'

test('presence: two contacts see each other within a second, whoever came first, and one link is enough', async () => {
  const { join, befriend, network } = createPeople()
  const ann = join('ann', 'ann')
  const bob = join('bob', 'bob')
  befriend(ann, bob)
  ann.presence.start()
  await pass(3_000)
  bob.presence.start()
  await pass(1_000)
  expect([ann.sees(), bob.sees()]).toEqual([['bob'], ['ann']])
  expect(ann.events).toEqual(['connect bob', 'peerconnect bob'])
  expect(network.pairs.filter(({ pair }) => pair.opener.open)).toHaveLength(1)
  expect(ann.presence.targetOf('bob')).toEqual(bob.sessions.target)
  expect(bob.presence.targetOf('ann')).toEqual(ann.sessions.target)
})

test('presence: nobody is shown before it is known where to call, at the end that was dialled, too', async () => {
  const { join, befriend } = createPeople()
  const ann = join('ann', 'ann')
  const bob = join('bob', 'bob')
  befriend(ann, bob)
  const targets: unknown[] = []
  for (const { presence } of [ann, bob]) {
    presence.circle.on('peerconnect', ({ person }) => targets.push(presence.targetOf(person.instance)))
    presence.start()
  }
  await pass(1_000)
  expect(targets).toEqual(expect.arrayContaining([ann.sessions.target, bob.sessions.target]))
})

test('presence: people are counted, not tabs', async () => {
  const { join, befriend } = createPeople()
  const ann = join('ann', 'ann')
  const bob1 = join('bob', 'bob-1')
  const bob2 = join('bob', 'bob-2', { book: bob1.book })
  befriend(ann, bob1)
  for (const { presence } of [ann, bob1, bob2]) presence.start()
  await pass(1_500)
  expect(ann.sees()).toEqual(['bob-1', 'bob-2'])
  expect(bob1.sees()).toEqual(['ann', 'bob-2'])
  expect(bob1.events).not.toContain('connect undefined')
  bob1.presence.stop()
  await pass(500)
  expect(ann.events.filter((event) => !event.startsWith('peer'))).toEqual(['connect bob'])
  bob2.presence.stop()
  await pass(500)
  expect(ann.events.slice(-3)).toEqual(['peerdisconnect bob-1', 'peerdisconnect bob-2', 'disconnect bob'])
})

test('presence: a closed instance is gone at once; a killed one as soon as its records are', async () => {
  const { join, befriend } = createPeople()
  const [ann, bob, cat] = [join('ann', 'ann'), join('bob', 'bob'), join('cat', 'cat')]
  befriend(ann, bob, cat)
  for (const { presence } of [ann, bob, cat]) presence.start()
  await pass(1_000)
  expect(ann.sees()).toEqual(['bob', 'cat'])
  bob.presence.stop()
  await pass(10)
  expect(ann.sees()).toEqual(['cat'])
  cat.kill()
  await pass(10)
  expect(ann.sees()).toEqual([])
})

test('presence: a tab that comes back through another home was never away; one that does not come is gone after the grace', async () => {
  const { join, befriend, records, network } = createPeople()
  const ann = join('ann', 'ann')
  const bob = join('bob', 'bob')
  befriend(ann, bob)
  for (const { presence } of [ann, bob]) presence.start()
  await pass(1_000)
  const events = [...ann.events]
  ann.presence.circle.setState('here')
  // The home dies: its relayed sessions are cut, and its records stay for a while.
  for (const { pair } of network.pairs) pair.cut()
  await pass(10)
  expect(ann.sees()).toEqual(['bob'])
  bob.move('another home')
  await pass(1_500)
  expect(ann.sees()).toEqual(['bob'])
  expect(bob.sees()).toEqual(['ann'])
  expect(ann.events).toEqual(events)
  expect(bob.presence.circle.stateOf('ann')).toBe('here')

  bob.sessions.leave() // and its records stay
  await pass(3_000)
  expect(ann.sees()).toEqual(['bob'])
  await pass(1_500)
  expect(ann.sees()).toEqual([])
  expect(records.searches).toBeLessThan(40)
})

test('presence: sleep past the lease, wake, and a kill within a second: nobody shows the ghost', async () => {
  const { join, befriend, records, network } = createPeople()
  const ann = join('ann', 'ann')
  const bob = join('bob', 'bob')
  befriend(ann, bob)
  for (const { presence } of [ann, bob]) presence.start()
  await pass(1_000)
  // The machine sleeps: its home sees that it does not answer.
  network.failures = 1_000
  for (const { pair } of network.pairs) pair.cut()
  records.drop('bob')
  await pass(300)
  expect(ann.sees()).toEqual([])
  await pass(20_000)
  // It wakes, is seen for a moment, and is killed.
  network.failures = 0
  bob.move('home')
  bob.presence.check()
  await pass(700)
  bob.kill()
  await pass(10)
  expect(ann.sees()).toEqual([])
  const events = [...ann.events]
  await pass(30_000)
  expect(ann.sees()).toEqual([])
  expect(ann.events).toEqual(events)
})

test('presence: this process has slept: those of whom nothing is heard are not shown any longer', async () => {
  const { join, befriend, network } = createPeople()
  const [ann, bob, cat] = [join('ann', 'ann'), join('bob', 'bob'), join('cat', 'cat')]
  befriend(ann, bob, cat)
  for (const { presence } of [ann, bob, cat]) presence.start()
  await pass(1_000)
  bob.sessions.freeze()
  network.failures = 100
  ann.presence.check()
  await pass(3_500)
  expect(ann.sees()).toEqual(['cat'])
})

test('presence: a node whose process stands still is gone within 12 seconds', async () => {
  const { join, befriend, network } = createPeople()
  const ann = join('ann', 'ann') // the smaller id: it dials, and has to notice
  const bob = join('bob', 'bob')
  befriend(ann, bob)
  for (const { presence } of [ann, bob]) presence.start()
  await pass(1_000)
  bob.sessions.freeze()
  network.failures = 100
  await pass(12_000)
  expect(ann.sees()).toEqual([])
})

test('presence: while one leaves and another comes, the count stays the same, and both are seen', async () => {
  const { join, befriend } = createPeople()
  const ann = join('ann', 'm-ann')
  const bob1 = join('bob', 'z-bob')
  const bob2 = join('bob', 'a-bob', { book: bob1.book })
  const bob3 = join('bob', 'zz-bob', { book: bob1.book })
  befriend(ann, bob1)
  for (const { presence } of [ann, bob1]) presence.start()
  await pass(1_000)
  bob1.presence.stop()
  bob2.presence.start()
  await pass(1_000)
  expect(ann.sees()).toEqual(['a-bob'])
  bob2.presence.stop()
  bob3.presence.start()
  await pass(1_500)
  expect(ann.sees()).toEqual(['zz-bob'])
})

test('presence: forged holders of a contact’s key cost a bounded number of dials, and do not hide the contact', async () => {
  const { join, befriend, records, network } = createPeople()
  const ann = join('ann', 'm-ann')
  const bob = join('bob', 'z-bob')
  befriend(ann, bob)
  let dials = 0
  for (let i = 0; i < 60; i++) {
    const forger = network.join(sampleIdentity(`forger ${i}`, { peer: `f-${i}` }))
    forger.handle(
      'link',
      () => ({ answer: { kind: 'link' } }),
      (session) => session.onFrame(() => {}),
    )
    records.put(presenceKeyOf(bob.account), forger.target)
  }
  network.onOpened = ({ ends }) => {
    if (ends[0] === ann.peer && ends[1].startsWith('f-')) dials++
  }
  ann.presence.start()
  await pass(5_000)
  bob.presence.start()
  await pass(3_000)
  expect(ann.sees()).toEqual(['z-bob'])
  expect(ann.events).toEqual(['connect z', 'peerconnect z-bob'])
  await pass(60_000)
  expect(dials).toBeLessThan(40)
  expect(records.searches).toBeLessThan(200)
})

test('presence: both dial at once: one session is left, and nobody flickers', async () => {
  const { join, befriend, network } = createPeople({ laterMs: 0 })
  const ann = join('ann', 'ann')
  const bob = join('bob', 'bob')
  befriend(ann, bob)
  let opened = 0
  network.onOpened = () => opened++
  for (const { presence } of [ann, bob]) {
    presence.circle.setState('hello')
    presence.start()
  }
  await pass(1_500)
  expect(opened).toBe(2)
  expect(network.pairs.filter(({ pair }) => pair.opener.open).map(({ ends }) => ends)).toEqual([['ann', 'bob']])
  expect(ann.events).toEqual(['connect bob', 'peerconnect bob', 'state bob "hello"'])
  expect(bob.events).toEqual(['connect ann', 'peerconnect ann', 'state ann "hello"'])
})

test('presence: a late listener hears who is there, with their states, before what comes next', async () => {
  const { join, befriend } = createPeople()
  const [ann, bob, cat] = [join('ann', 'ann'), join('bob', 'bob'), join('cat', 'cat')]
  befriend(ann, bob, cat)
  bob.presence.circle.setState({ mood: 'good' })
  for (const { presence } of [ann, bob]) presence.start()
  await pass(1_000)
  const heard: unknown[] = []
  const { circle } = ann.presence
  circle.on('connect', ({ person }) => heard.push(person.alias))
  circle.on('peerconnect', ({ person }) => heard.push(person.instance, person.relation))
  circle.on('state', ({ state }) => heard.push(state))
  circle.on('newuser', ({ alias }) => heard.push(alias))
  const off = circle.on('peerconnect', () => heard.push('never'))
  off()
  let isThrown = false
  circle.on('peerconnect', () => {
    isThrown = true
    throw new Error('a listener of a stranger’s code')
  })
  await pass(10)
  expect(heard).toEqual(['bob', 'bob', 'contact', { mood: 'good' }])
  expect(isThrown).toBe(true)
  cat.presence.start()
  await pass(1_000)
  expect(heard.slice(4)).toEqual(['cat', 'cat', 'contact'])
  ann.book.add(join('dan', 'dan').account, 'dan')
  const late: string[] = []
  circle.on('newuser', ({ alias }) => late.push(alias))
  await pass(10)
  expect([heard.at(-1), late]).toEqual(['dan', ['dan']])
})

test('presence: of a burst of states the newest arrives, few travel, and none is left when its instance has gone', async () => {
  const { join, befriend } = createPeople()
  const ann = join('ann', 'ann')
  const bob = join('bob', 'bob')
  befriend(ann, bob)
  for (const { presence } of [ann, bob]) presence.start()
  await pass(1_000)
  for (let i = 0; i <= 1_000; i++) {
    bob.presence.circle.setState({ cursor: i })
    if (i % 10 === 0) await pass(10)
  }
  await pass(100)
  expect(ann.presence.circle.stateOf('bob')).toEqual({ cursor: 1_000 })
  const states = ann.events.filter((event) => event.startsWith('state'))
  expect(states.length).toBeGreaterThan(5)
  expect(states.length).toBeLessThan(25) // 1 s, one in 50 ms
  const late = join('ann', 'a-late', { book: ann.book })
  late.presence.start()
  await pass(1_000)
  expect(late.presence.circle.stateOf('bob')).toEqual({ cursor: 1_000 })
  bob.presence.circle.setState(undefined)
  await pass(100)
  expect(ann.events.at(-1)).toBe('state bob undefined')
  bob.presence.stop()
  await pass(50)
  expect(ann.presence.circle.stateOf('bob')).toBeUndefined()
})

test('presence: a state that JSON would change, or over 2 KiB, is refused with what it is', () => {
  const { join } = createPeople()
  const { circle } = join('ann', 'ann').presence
  circle.setState({ list: [1, 'two', null, true], nested: { 日本: '語' } })
  const loop: Record<string, unknown> = {}
  loop.self = loop
  for (const bad of [new Uint8Array(3), Number.NaN, { when: new Date(0) }, { left: undefined }, loop, () => 1]) {
    expect(() => circle.setState(bad as never)).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
  }
  circle.setState('x'.repeat(2_046))
  expect(() => circle.setState('x'.repeat(2_047))).toThrow(expect.objectContaining({ code: 'ERR_TOO_LARGE' }))
  expect(() => circle.setState('語'.repeat(700))).toThrow(expect.objectContaining({ code: 'ERR_TOO_LARGE' }))
})

test('presence: with a thousand contacts online, one that comes or goes is seen at once, and a quiet account searches no more', async () => {
  const { join, records, network } = createPeople()
  const ann = join('ann', 'm-ann')
  const others = Array.from({ length: 1_000 }, (_, i) => {
    const identity = sampleIdentity(`contact ${i}`, { peer: `${i % 2 === 0 ? 'a' : 'z'}-${i}` })
    ann.book.add(identity.account, 'contact')
    const online = {
      come() {
        const sessions = network.join(identity)
        sessions.handle(
          'link',
          () => ({ answer: { kind: 'link' } }),
          (session) => session.onFrame(() => {}),
        )
        records.put(presenceKeyOf(identity.account), sessions.target)
        online.go = () => {
          sessions.leave()
          records.drop(identity.peer)
        }
      },
      go() {},
    }
    return online
  })
  for (const other of others) other.come()
  ann.presence.start()
  await pass(4_000)
  expect(ann.sees()).toHaveLength(1_000)
  expect(network.pairs.filter(({ pair }) => pair.opener.open)).toHaveLength(1_000)
  const before = records.searches
  await pass(2_000)
  expect(records.searches).toBe(before)
  for (const other of others.slice(0, 10)) other.go()
  await pass(20)
  expect(ann.sees()).toHaveLength(990)
  for (const other of others.slice(0, 10)) other.come()
  await pass(1_600) // these dial nobody: the account that was here first does it in the end
  expect(ann.sees()).toHaveLength(1_000)
}, 120_000)

test('presence: a contact that is refused for a limit is tried again; one that refuses this account is left alone', async () => {
  const { join, records, network } = createPeople()
  const ann = join('ann', 'ann')
  const dials = { busy: 0, strict: 0 }
  for (const [name, code, times] of [
    ['busy', 'ERR_LIMIT', 3],
    ['strict', 'ERR_REFUSED', 100],
  ] as const) {
    const identity = sampleIdentity(name, { peer: name })
    ann.book.add(identity.account, name)
    const other = network.join(identity)
    other.handle(
      'link',
      () => (++dials[name] > times ? { answer: { kind: 'link' } } : { code, text: 'not now' }),
      (session) => session.onFrame(() => {}),
    )
    records.put(presenceKeyOf(identity.account), other.target)
  }
  ann.presence.start()
  await pass(31_000)
  expect(ann.sees()).toEqual(['busy'])
  expect(dials.busy).toBe(4)
  await pass(60_000)
  expect(dials.strict).toBe(1)
})

test('presence: of many who see somebody come none dials: the newcomer does, at its own pace', async () => {
  const { join, befriend, network } = createPeople()
  const ann = join('ann', 'z-ann') // the larger id
  const others = Array.from({ length: 30 }, (_, i) => join(`contact ${i}`, `a-${i}`))
  for (const other of others) {
    befriend(ann, other)
    other.presence.start()
  }
  await pass(3_000)
  const openers: string[] = []
  network.onOpened = ({ ends }) => openers.push(ends[0])
  ann.presence.start()
  await pass(900)
  expect(ann.sees()).toHaveLength(30)
  expect(new Set(openers)).toEqual(new Set(['z-ann']))
})

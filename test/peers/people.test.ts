/** People over real sockets: tabs of several accounts behind several nodes. */

import { describe, expect, it } from 'vitest'
import type { Peer, PresenceEvent, Room } from '../../node/index.ts'
import { startCutProxy } from '../helpers/cut-proxy.ts'
import { createNetwork } from '../helpers/network.ts'
import { addInstance, addPerson, askEcho, becomeContacts, idsOf, waitForPresent } from '../helpers/people.ts'
import { waitFor } from '../helpers/wait-for.ts'

const others = (all: readonly Peer[], self: Peer) => all.filter((peer) => peer !== self)

describe('people', () => {
  it('echo: of five instances of a person behind three nodes, each has four answers', async () => {
    const network = await createNetwork({ nodes: 3 })
    const [a, b, c] = network.nodes
    const first = await addPerson(network, a)
    const all = [first]
    for (const node of [a, b, b, c]) all.push(await addInstance(network, node, first))
    for (const peer of all) await waitForPresent(peer.people, others(all, peer))
    for (const peer of all) expect(await askEcho(peer.people, '*')).toEqual(idsOf(others(all, peer)))
  })

  it('"*", "Us", an alias, an account and an instance reach exactly the right ones', async () => {
    const network = await createNetwork({ nodes: 3 })
    const [a, b, c] = network.nodes
    const [ann, ben, cid, eve] = [
      await addPerson(network, a),
      await addPerson(network, b),
      await addPerson(network, c),
      await addPerson(network, a),
    ]
    const [ann2, ann3, ben2] = [await addInstance(network, b, ann), await addInstance(network, c, ann), await addInstance(network, a, ben)]
    await becomeContacts(ann, ben, 'Ann', 'Ben')
    await becomeContacts(ann, cid, 'Ann', 'Cid')
    await becomeContacts(cid, eve, 'Cid', 'Eve')
    await waitForPresent(ann.people, [ann2, ann3, ben, ben2, cid])
    await waitForPresent(ann2.people, [ann, ann3, ben, ben2, cid])
    await waitForPresent(ben.people, [ben2, ann, ann2, ann3])
    await waitForPresent(eve.people, [cid])

    expect(await askEcho(ann.people, '*')).toEqual(idsOf([ann2, ann3, ben, ben2, cid]))
    expect(await askEcho(ann.people, 'Us')).toEqual(idsOf([ann2, ann3]))
    expect(await askEcho(ann.people, 'Ben')).toEqual(idsOf([ben, ben2]))
    await waitFor(
      () => ann2.people.contacts.list().some(({ alias }) => alias === 'Ben'),
      10_000,
      'the alias is told to the other instances',
    )
    expect(await askEcho(ann2.people, 'Ben')).toEqual(idsOf([ben, ben2]))
    expect(await askEcho(ann.people, ben.people.account.id)).toEqual(idsOf([ben, ben2]))
    expect(await askEcho(ann.people, ben2.id)).toEqual([ben2.id])
    expect(await askEcho(ben.people, 'Ann')).toEqual(idsOf([ann, ann2, ann3]))
    expect(await askEcho(eve.people, '*')).toEqual([cid.id])
    await expect(askEcho(ann.people, 'Eve')).rejects.toMatchObject({ code: 'ERR_NOBODY' })
    await expect(askEcho(ann.people, eve.id)).rejects.toMatchObject({ code: 'ERR_NOBODY' })
  })

  it('a network that is cut ends the calls under way within 15 s, at both ends, and the next ones at once', async () => {
    const network = await createNetwork({ nodes: 2 })
    const [a, b] = network.nodes
    const proxy = await startCutProxy(b.port)
    const behind = { ...b, address: b.address.replace(`/tcp/${b.port}/`, `/tcp/${proxy.port}/`) }
    const [ann, ben] = [await addPerson(network, a), await addPerson(network, behind)]
    await becomeContacts(ann, ben, 'Ann', 'Ben')
    await Promise.all([waitForPresent(ann.people, [ben]), waitForPresent(ben.people, [ann])])
    const aborts: string[] = []
    for (const { id, people } of [ann, ben]) {
      people.module('waits', (_, { signal }) => new Promise(() => signal.addEventListener('abort', () => aborts.push(id))))
    }
    const call = (from: Peer, to: Peer) => from.people.get(to.id).message('waits', 1, { timeoutMs: 60_000 }).settled()
    const under = [call(ann, ben), call(ben, ann)]
    expect(await askEcho(ann.people, ben.id)).toEqual([ben.id])
    expect(await askEcho(ben.people, ann.id)).toEqual([ann.id])
    proxy.cut()
    const cutAtMs = performance.now()
    const took = await Promise.all(
      under.map(async (answers) => {
        expect(await answers).toMatchObject([{ error: { code: 'ERR_LEFT' } }])
        return performance.now() - cutAtMs
      }),
    )
    for (const ms of took) expect.soft(ms).toBeLessThan(15_000)
    await waitFor(() => aborts.length === 2, 5_000, 'both handlers hear of it')
    await waitForPresent(ann.people, [])
    await expect(call(ann, ben)).rejects.toMatchObject({ code: 'ERR_NOBODY' })
  })

  it('of two instances of a person one leaves, and the person stays; then the last one leaves', async () => {
    const network = await createNetwork({ nodes: 2 })
    const [a, b] = network.nodes
    const [ann, ben] = [await addPerson(network, a), await addPerson(network, b)]
    const ben2 = await addInstance(network, a, ben)
    await becomeContacts(ann, ben, 'Ann', 'Ben')
    await waitForPresent(ann.people, [ben, ben2])
    const events: string[] = []
    const hear = (event: PresenceEvent) => void events.push('person' in event ? `${event.type} ${event.person.instance}` : event.type)
    for (const type of ['connect', 'disconnect', 'peerconnect', 'peerdisconnect'] as const) ann.people.on(type, hear)
    // A late listener is told who is there.
    await waitFor(
      () => events.length >= 3,
      10_000,
      () => events.join(', '),
    )
    expect(events.filter((event) => event.startsWith('connect'))).toHaveLength(1)
    expect(events.filter((event) => event.startsWith('peerconnect')).sort()).toEqual(idsOf([ben, ben2]).map((id) => `peerconnect ${id}`))
    await ben.stop()
    await waitFor(
      () => events.includes(`peerdisconnect ${ben.id}`),
      10_000,
      () => events.join(', '),
    )
    expect(events.filter((event) => event.startsWith('disconnect'))).toEqual([])
    expect(await askEcho(ann.people, 'Ben')).toEqual([ben2.id])
    await ben2.stop()
    await waitFor(
      () => events.includes(`disconnect ${ben2.id}`),
      10_000,
      () => events.join(', '),
    )
    expect(ann.people.present()).toEqual([])
  })

  it('suspends and comes back, its rooms, too', async () => {
    const network = await createNetwork({ nodes: 2 })
    const [a, b] = network.nodes
    const [ann, ben] = [await addPerson(network, a), await addPerson(network, b)]
    const [here, there] = [await ann.people.room('tea', { password: 'earl grey' }), await ben.people.room('tea', { password: 'earl grey' })]
    there.module('echo', (text) => `${ben.id}: ${String(text)}`)
    await waitForPresent(here, [ben])
    await ben.people.suspend()
    await waitForPresent(here, [])
    await ben.people.resume()
    await waitForPresent(here, [ben])
    expect(await askEcho(here, '*')).toEqual([ben.id])
  })
})

describe('rooms', () => {
  it('only those with the password are in; strangers call modules of the room and no others; a late joiner sees all states', async () => {
    const network = await createNetwork({ nodes: 2 })
    const [a, b] = network.nodes
    const [ann, ben, eve] = [await addPerson(network, a), await addPerson(network, b), await addPerson(network, b)]
    const here = await ann.people.room('tea', { password: 'earl grey' })
    here.module('echo', (text) => `${ann.id}: ${String(text)}`)
    here.setState({ mood: 'calm' })
    const there = await ben.people.room('tea', { password: 'earl grey' })
    const elsewhere = await eve.people.room('tea', { password: 'darjeeling' })
    const states: unknown[] = []
    there.on('state', ({ state }) => states.push(state))
    await waitForPresent(there, [ann])
    await waitForPresent(here, [ben])
    await waitFor(
      () => states.length > 0,
      10_000,
      () => 'the state of the member who was there before',
    )
    expect(there.stateOf(ann.id)).toEqual({ mood: 'calm' })
    expect(await askEcho(there, '*')).toEqual([ann.id])
    expect(elsewhere.present()).toEqual([])
    expect(ann.people.present()).toEqual([])
    await expect(askEcho(ben.people, ann.id)).rejects.toMatchObject({ code: 'ERR_NOBODY' })
    await there.leave()
    await waitForPresent(here, [])
  })

  it('a member that is not admitted is not seen and not heard', async () => {
    const network = await createNetwork({ nodes: 1 })
    const [node] = network.nodes
    const [ann, ben, eve] = [await addPerson(network, node), await addPerson(network, node), await addPerson(network, node)]
    const asked: string[] = []
    const here = await ann.people.room('tea', {
      admit: ({ instance }) => {
        asked.push(instance)
        return instance !== eve.id
      },
    })
    here.module('echo', (text) => `${ann.id}: ${String(text)}`)
    const [bens, eves] = [await ben.people.room('tea'), await eve.people.room('tea')]
    await waitForPresent(here, [ben])
    await waitForPresent(bens, [ann, eve])
    await waitFor(
      () => asked.includes(eve.id),
      10_000,
      () => 'the one who is not admitted has been asked about',
    )
    expect(here.present().map(({ instance }) => instance)).toEqual([ben.id])
    await expect(askEcho(eves, ann.id)).rejects.toThrow()
  })

  it('twelve members all hear each other', async () => {
    const network = await createNetwork({ nodes: 3 })
    const members: { peer: Peer; room: Room }[] = []
    for (let i = 0; i < 12; i++) {
      const peer = await addPerson(network, network.nodes[i % 3] as (typeof network.nodes)[0])
      const room = await peer.people.room('hall')
      room.module('echo', (text) => `${peer.id}: ${String(text)}`)
      members.push({ peer, room })
    }
    const all = members.map(({ peer }) => peer)
    for (const { peer, room } of members) await waitForPresent(room, others(all, peer))
    const [first] = members
    if (first === undefined) throw new Error('no member')
    for (const { room, peer } of [first, members[5] as typeof first, members[11] as typeof first]) {
      expect(await askEcho(room, '*')).toEqual(idsOf(others(all, peer)))
    }
  })
})

import { describe, expect, test } from 'vitest'
import type { Answer } from '../../../node/people/types.ts'
import { createCallPair } from '../../helpers/call-peers.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const codes = (answers: Answer[]) => answers.map((answer) => ('value' in answer ? answer.value : answer.error.code))

describe('from relayed to direct', () => {
  test('a relayed session wants a direct connection; once one is there, new calls take it, and old ones end where they began', async () => {
    const { network, alice, bob } = createCallPair({ kind: 'relayed' })
    let finish = (_: string) => {}
    bob.scope.module('waits', () => new Promise((resolve) => (finish = resolve)))
    bob.scope.module('echo', (input) => input)
    const old = alice.scope.get('bob').message('waits', 1).settled()
    await waitFor(
      () => network.pairs.length === 1,
      10_000,
      () => 'the relayed session',
    )
    await alice.scope.get('bob').message('echo', 1).settled()
    expect(alice.wanted.map(({ peer }) => peer)).toEqual(['bob'])
    alice.openDirect('bob')
    await waitFor(
      () => network.pairs.length === 2,
      10_000,
      () => 'the direct session',
    )
    const [relayed, direct] = network.pairs.map(({ pair }) => pair)
    const sent: number[] = []
    const send = direct?.opener.send
    if (direct !== undefined && send !== undefined) {
      direct.opener.send = (frame) => {
        sent.push(frame[0])
        return send(frame)
      }
    }
    await waitFor(
      async () => (await alice.scope.get('bob').message('echo', 2).settled()).length === 1 && sent.includes(1),
      10_000,
      () => 'calls take the direct session',
    )
    expect([direct?.opener.kind, relayed?.opener.open]).toEqual(['direct', true])
    finish('at last')
    expect(codes(await old)).toEqual(['at last'])
    await waitFor(
      () => relayed?.opener.open === false && relayed.accepter.open === false,
      10_000,
      () => 'the relayed session closes',
    )
    // In the other direction, too.
    alice.scope.module('echo', (input) => input)
    expect(codes(await bob.scope.get('alice').message('echo', 3).settled())).toEqual([3])
    expect(network.pairs.filter(({ pair }) => pair.opener.open)).toHaveLength(1)
  })

  test('one call to each, which is all, wants no direct connection; a second one does, whoever opened the session', async () => {
    const { alice, bob } = createCallPair({ kind: 'relayed' })
    for (const { scope } of [alice, bob]) scope.module('echo', (input) => input)
    const call = async (caller: typeof alice) => codes(await caller.scope.get('*').message('echo', 1).settled())
    for (const caller of [alice, bob]) expect(await call(caller)).toEqual([1])
    expect([alice.wanted, bob.wanted]).toEqual([[], []])
    for (const caller of [alice, bob]) expect(await call(caller)).toEqual([1])
    expect([alice.wanted.length, bob.wanted.length]).toEqual([1, 1])
  })

  test('a direct connection that does not answer is not believed: calls stay on the relayed one', async () => {
    const { network, alice, bob } = createCallPair({ kind: 'relayed' })
    bob.scope.module('echo', (input) => input)
    await alice.scope.get('bob').message('echo', 1).settled()
    const [relayed] = network.pairs
    network.onOpened = ({ pair }) => pair.freeze()
    alice.openDirect('bob')
    await waitFor(
      () => network.pairs.length === 2,
      10_000,
      () => 'the direct session',
    )
    expect(codes(await alice.scope.get('bob').message('echo', 2).settled())).toEqual([2])
    expect(relayed?.pair.opener.open).toBe(true)
  })

  test('when the direct one is cut, its call ends and is not run again; the next opens another session', async () => {
    const { network, alice, bob } = createCallPair()
    let runs = 0
    bob.scope.module('waits', () => {
      runs++
      return new Promise(() => {})
    })
    bob.scope.module('echo', (input) => input)
    const waiting = alice.scope.get('bob').message('waits', 1).settled()
    await waitFor(
      () => runs === 1,
      10_000,
      () => 'the call',
    )
    network.pairs[0]?.pair.cut()
    expect([codes(await waiting), runs]).toEqual([['ERR_LEFT'], 1])
    expect(codes(await alice.scope.get('bob').message('echo', 1).settled())).toEqual([1])
    expect(runs).toBe(1)
  })
})

test('opening is tried again where the way failed', async () => {
  const { network, alice, bob } = createCallPair()
  bob.scope.module('echo', (input) => input)
  network.failures = 2
  expect(codes(await alice.scope.get('bob').message('echo', 1).settled())).toEqual([1])
  expect(network.failures).toBe(0)
})

test('an abort while a session is being opened ends the opening, unless another call needs it', async () => {
  const { network, alice, bob } = createCallPair()
  bob.scope.module('echo', (input) => input)
  const controller = new AbortController()
  const first = alice.scope.get('bob').message('echo', 1, { signal: controller.signal }).settled()
  const second = alice.scope.get('bob').message('echo', 2).settled()
  controller.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  expect([codes(await second), network.pairs.length]).toEqual([[2], 1])
})

test('a session without calls is closed by both, and the next call opens another', async () => {
  const { network, alice, bob } = createCallPair({ limits: { idleMs: 30 } })
  bob.scope.module('echo', (input) => input)
  expect(codes(await alice.scope.get('bob').message('echo', 1).settled())).toEqual([1])
  const [first] = network.pairs
  await waitFor(
    () => first?.pair.opener.open === false && first.pair.accepter.open === false,
    10_000,
    () => 'the idle session closes',
  )
  expect(codes(await alice.scope.get('bob').message('echo', 2).settled())).toEqual([2])
})

import { describe, expect, test } from 'vitest'
import type { Answer } from '../../../node/people/types.ts'
import { createCallPair, createCallPeers } from '../../helpers/call-peers.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const values = (answers: Answer[]) => answers.map((answer) => ('value' in answer ? answer.value : answer.error.code))
const isTrue = (condition: () => boolean, what: string) => waitFor(condition, 10_000, () => what)
const never = new Promise<never>(() => {})

describe('answers', () => {
  test('each instance answers once, with who it is; the list has them all, and an iteration has them as they come', async () => {
    const { peers } = createCallPeers(['alice', 'bob', 'carol', 'dave'])
    for (const { scope, identity } of peers) scope.module('echo', (input) => `${identity.peer} heard ${input}`)
    const alice = peers[0]?.scope
    const list = await alice?.get('*').message('echo', 'hello').settled()
    expect(list?.map(({ person }) => person.instance).sort()).toEqual(['bob', 'carol', 'dave'])
    expect(values(list ?? []).sort()).toEqual(['bob heard hello', 'carol heard hello', 'dave heard hello'])
    const heard: string[] = []
    for await (const { person } of alice?.get('*').message('echo', 'again') ?? []) heard.push(person.instance)
    expect(heard.sort()).toEqual(['bob', 'carol', 'dave'])
    expect(values((await alice?.get('bob').message('echo', 'x').settled()) ?? [])).toEqual(['bob heard x'])
  })

  test('nobody to ask is an empty list; a handler may return nothing, a promise, or bytes', async () => {
    const { alice, bob } = createCallPair()
    expect(await alice.scope.get('nobody').message('echo', 1).settled()).toEqual([])
    bob.scope.module('nothing', () => undefined)
    bob.scope.module('later', async (input) => ({ got: input, at: new Uint8Array([1, 2]) }))
    expect(await alice.scope.get('bob').message('nothing', undefined).settled()).toMatchObject([{ value: undefined }])
    expect(await alice.scope.get('bob').message('later', [1]).settled()).toMatchObject([
      { value: { got: [1], at: new Uint8Array([1, 2]) } },
    ])
  })

  test('a handler that gives several answers waits for a slow reader, and hears of one who has had enough', async () => {
    const { alice, bob } = createCallPair()
    let made = 0
    let isClosed = false
    bob.scope.module('echo', (input) => input)
    bob.scope.module('count', async function* () {
      try {
        for (; made < 100; made++) yield new Uint8Array(10_000)
      } finally {
        isClosed = true
      }
    })
    const reading = alice.scope.get('bob').message('count', undefined)[Symbol.asyncIterator]()
    await reading.next()
    await isTrue(() => made > 5, 'some items')
    for (let i = 0; i < 20; i++) await alice.scope.get('bob').message('echo', i).settled() // it goes no further meanwhile
    expect(made).toBeLessThan(12)
    for (let i = 0; i < 20; i++) expect(await reading.next()).toMatchObject({ done: false })
    expect(made).toBeGreaterThan(15)
    await reading.return?.()
    await isTrue(() => isClosed, 'the handler is ended')
    expect(made).toBeLessThan(40)
  })

  test('all items of a handler come in order, and then the end; an error after some of them comes last', async () => {
    const { alice, bob } = createCallPair()
    bob.scope.module('three', async function* () {
      yield 1
      yield 2
      throw new Error('no third')
    })
    bob.scope.module('many', async function* () {
      for (let i = 0; i < 5_000; i++) yield i
    })
    expect(values(await alice.scope.get('bob').message('three', undefined).settled())).toEqual([1, 2, 'ERR_HANDLER'])
    expect(values(await alice.scope.get('bob').message('many', undefined).settled())).toEqual(Array.from({ length: 5_000 }, (_, i) => i))
  })
})

describe('a call that cannot be answered ends with its own code', () => {
  test('unknown module, handler failed, time-out, answer too large, answer that cannot travel', async () => {
    const { alice, bob } = createCallPair()
    bob.scope.module('fails', () => {
      throw new Error('the reason')
    })
    bob.scope.module('rejects', () => Promise.reject(new Error('the reason')))
    bob.scope.module('waits', () => never)
    bob.scope.module('slow', () => never, { timeoutMs: 20 })
    bob.scope.module('large', () => new Uint8Array(262_144))
    bob.scope.module('odd', () => ({ when: new Date() }))
    const ask = async (module: string, timeoutMs = 20_000) => {
      const [answer] = await alice.scope.get('bob').message(module, 1, { timeoutMs }).settled()
      return answer !== undefined && 'error' in answer ? answer.error : undefined
    }
    expect(await ask('toString')).toMatchObject({ code: 'ERR_NO_MODULE' })
    expect(await ask('fails')).toEqual({ code: 'ERR_HANDLER', message: 'the reason' })
    expect(await ask('rejects')).toEqual({ code: 'ERR_HANDLER', message: 'the reason' })
    expect(await ask('waits', 20)).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(await ask('slow')).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(await ask('large')).toMatchObject({ code: 'ERR_TOO_LARGE' })
    expect((await ask('odd'))?.message).toContain('a Date')
    expect(bob.errors.map(([module]) => module)).toEqual(['fails', 'rejects', 'large', 'odd'])
  })

  test('data that cannot travel, or is too large, is refused before anything is sent', () => {
    const { alice } = createCallPair()
    expect(() => alice.scope.get('bob').message('echo', { at: () => 1 })).toThrow('the value.at: it is a function')
    expect(() => alice.scope.get('bob').message('echo', new Uint8Array(262_144))).toThrow(
      expect.objectContaining({ code: 'ERR_TOO_LARGE' }),
    )
    expect(() => alice.scope.get('bob').message('', 1)).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
  })

  test('the other side leaves, its network is cut, it is said to have left: ERR_LEFT at once, and its handler hears of it', async () => {
    for (const leave of ['leave', 'peerLeft'] as const) {
      const { alice, bob } = createCallPair()
      const reasons: unknown[] = []
      let runs = 0
      bob.scope.module('waits', (_, { signal }) => {
        runs++
        signal.addEventListener('abort', () => reasons.push(signal.reason.code))
        return never
      })
      const answers = alice.scope.get('bob').message('waits', 1).settled()
      await isTrue(() => runs === 1, 'the call')
      if (leave === 'leave') bob.leave()
      else alice.calls.peerLeft('bob')
      expect(values(await answers)).toEqual(['ERR_LEFT'])
      await isTrue(() => reasons.length === 1, 'the signal')
      expect([reasons, runs]).toEqual([['ERR_LEFT'], 1])
    }
  })

  test('one who left while its session was being opened, and one who cannot be reached', async () => {
    const { alice, bob } = createCallPair()
    const answers = alice.scope.get('bob').message('echo', 1).settled()
    alice.calls.peerLeft('bob')
    expect(values(await answers)).toEqual(['ERR_LEFT'])
    bob.calls.stop()
    expect(values(await alice.scope.get('bob').message('echo', 1).settled())).toEqual(['ERR_LEFT'])
  })

  test('a peer that stops without a word: the time-out ends the call, and a later one works', async () => {
    const { alice, bob } = createCallPair()
    bob.scope.module('echo', (input) => input)
    expect(values(await alice.scope.get('bob').message('echo', 1).settled())).toEqual([1])
    bob.freeze()
    expect(values(await alice.scope.get('bob').message('echo', 2, { timeoutMs: 30 }).settled())).toEqual(['ERR_TIMEOUT'])
    bob.thaw()
    expect(values(await alice.scope.get('bob').message('echo', 3).settled())).toEqual([3])
  })
})

describe('abort', () => {
  test('rejects with its reason, and reaches the handler', async () => {
    const { alice, bob } = createCallPair()
    let isAborted = false
    let runs = 0
    bob.scope.module('waits', (_, { signal }) => {
      runs++
      signal.addEventListener('abort', () => {
        isAborted = true
      })
      return never
    })
    const controller = new AbortController()
    const { signal } = controller
    const list = alice.scope.get('bob').message('waits', 1, { signal }).settled()
    const iteration = alice.scope.get('bob').message('waits', 1, { signal })[Symbol.asyncIterator]().next()
    await isTrue(() => runs === 2, 'both calls')
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(list).rejects.toBe(reason)
    await expect(iteration).rejects.toBe(reason)
    await isTrue(() => isAborted, 'the signal')
    await expect(alice.scope.get('bob').message('waits', 1, { signal }).settled()).rejects.toBe(reason)
  })

  test('a signal that is asked for after the abort is aborted', async () => {
    const { alice, bob } = createCallPair()
    const seen: boolean[] = []
    let runs = 0
    const hasAborted = Promise.withResolvers<void>()
    bob.scope.module('echo', (input) => input)
    bob.scope.module('waits', async (_, context) => {
      runs++
      await hasAborted.promise
      seen.push(context.signal.aborted)
    })
    const controller = new AbortController()
    const list = alice.scope.get('bob').message('waits', 1, { signal: controller.signal }).settled()
    await isTrue(() => runs === 1, 'the call')
    controller.abort()
    await expect(list).rejects.toThrow()
    await alice.scope.get('bob').message('echo', 1).settled()
    hasAborted.resolve()
    await isTrue(() => seen.length === 1, 'the handler')
    expect(seen).toEqual([true])
  })
})

test('calls of one pair share one session in both directions, also when they begin at once', async () => {
  const { network, alice, bob } = createCallPair()
  for (const { scope } of [alice, bob]) scope.module('echo', (input) => input)
  const many = await Promise.all(Array.from({ length: 50 }, (_, i) => alice.scope.get('bob').message('echo', i).settled()))
  expect(many.flatMap(values)).toEqual(Array.from({ length: 50 }, (_, i) => i))
  expect(values(await bob.scope.get('alice').message('echo', 'back').settled())).toEqual(['back'])
  expect(network.pairs.length).toBe(1)
})

test('stop ends all that is under way, and later calls say so', async () => {
  const { alice, bob } = createCallPair()
  bob.scope.module('waits', () => never)
  const list = alice.scope.get('bob').message('waits', 1).settled()
  const channel = bob.scope.channel('alice', 'none')
  alice.calls.stop()
  expect(values(await list)).toEqual(['ERR_LEFT'])
  await expect(channel).rejects.toMatchObject({ code: expect.stringMatching(/ERR_NO_MODULE|ERR_REFUSED|ERR_LEFT/) })
  await expect(alice.scope.get('bob').message('waits', 1).settled()).rejects.toMatchObject({ code: 'ERR_NOT_STARTED' })
})

import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { CHANNEL_LIMITS } from '../../../node/people/calls/channel.ts'
import type { Channel, Value } from '../../../node/people/types.ts'
import { type CallPeersOptions, createCallPair } from '../../helpers/call-peers.ts'
import { sampleIdentity } from '../../helpers/session-pair.ts'
import { waitFor } from '../../helpers/wait-for.ts'

async function openChannel(options?: CallPeersOptions) {
  const { network, alice, bob } = createCallPair(options)
  const taken = Promise.withResolvers<Channel>()
  bob.scope.onChannel('talk', taken.resolve)
  const one = await alice.scope.channel('bob', 'talk')
  return { network, alice, bob, one, other: await taken.promise }
}

async function readAll(channel: Channel): Promise<Value[]> {
  const values: Value[] = []
  for await (const value of channel) values.push(value)
  return values
}

/** More than what either end takes without waiting. */
const LARGE = new Uint8Array(200_000)
const isTrue = (condition: () => boolean, what: string) => waitFor(condition, 10_000, () => what)

describe('a channel', () => {
  test('carries values both ways, each once, in order, to iterations and to listeners; all that was sent comes before the end', async () => {
    const { one, other } = await openChannel()
    expect([one.name, one.person.instance, other.person.instance, one.way]).toEqual(['talk', 'bob', 'alice', 'socket'])
    const heard: Value[] = []
    one.onMessage((value) => heard.push(value))
    const read = readAll(other)
    const sent = Array.from({ length: 1_000 }, (_, i) => ({ i, bytes: new Uint8Array([i % 256]) }))
    for (const value of sent) one.postMessage(value)
    other.postMessage('back')
    await other.send(['and', 'forth'])
    await isTrue(() => heard.length === 2, 'the answers')
    one.close()
    expect(await read).toEqual(sent)
    expect(heard).toEqual(['back', ['and', 'forth']])
    expect(await Promise.all([one.closed, other.closed])).toEqual([undefined, undefined])
    one.postMessage('late') // as of a MessagePort: nobody hears it
    await expect(one.send('late')).rejects.toMatchObject({ code: 'ERR_LEFT' })
    expect(() => one.postMessage(Symbol('no value') as never)).toThrow(expect.objectContaining({ code: 'ERR_BAD_INPUT' }))
    await expect(other.send('late')).rejects.toMatchObject({ code: 'ERR_LEFT' })
    await expect(other.ping()).rejects.toMatchObject({ code: 'ERR_LEFT' })
  })

  test('what came before anybody listened is kept, and a first listener hears it in order', async () => {
    const { one, other } = await openChannel()
    for (let i = 0; i < 5; i++) one.postMessage(i)
    await one.ping() // answered behind them
    const heard: Value[] = []
    const stop = other.onMessage((value) => heard.push(value))
    one.postMessage(5)
    await isTrue(() => heard.length === 6, 'all of them')
    stop()
    one.postMessage('to the iteration')
    one.close()
    expect([heard, await readAll(other)]).toEqual([[0, 1, 2, 3, 4, 5], ['to the iteration']])
  })

  test('a slow reader makes the sender wait, and loses nothing when the sender closes meanwhile', async () => {
    const { one, other } = await openChannel()
    let sent = 0
    const sending = (async () => {
      for (; sent < 40; sent++) await one.send(LARGE)
      one.close()
    })()
    await isTrue(() => sent > 2, 'the first messages')
    for (let i = 0; i < 50; i++) await new Promise(setImmediate)
    expect(sent).toBeLessThan(10)
    const values = await readAll(other)
    await sending
    expect([values.length, await one.closed]).toEqual([40, undefined])
  })

  test('a sender that does not wait is refused at the limit, and what was taken before still comes', async () => {
    const { one, other } = await openChannel()
    let posted = 0
    const flood = () => {
      for (; posted < 1_000; posted++) one.postMessage(LARGE)
    }
    expect(flood).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
    expect(posted).toBeGreaterThan(10)
    expect(posted).toBeLessThan((2 * CHANNEL_LIMITS.maxWaitingBytes) / LARGE.byteLength)
    expect(() => one.postMessage(new Uint8Array(262_144))).toThrow(expect.objectContaining({ code: 'ERR_TOO_LARGE' }))
    one.close()
    expect(await readAll(other)).toHaveLength(posted)
  })

  test('cut is not closed: the reason is told, what had come can be read, and waiting senders hear of it', async () => {
    const { network, one, other } = await openChannel()
    one.postMessage('before')
    await one.ping()
    const sending = async () => {
      for (;;) await one.send(LARGE)
    }
    const left = { code: 'ERR_LEFT' }
    const failures = Promise.all([expect(sending()).rejects.toMatchObject(left), expect(one.ping()).rejects.toMatchObject(left)])
    network.pairs[0]?.pair.cut()
    expect(await Promise.all([one.closed, other.closed])).toMatchObject([left, left])
    expect((await readAll(other))[0]).toBe('before')
    await failures
  })

  test('ping is a time, and can be aborted', async () => {
    const { network, one } = await openChannel()
    expect(await one.ping()).toBeGreaterThanOrEqual(0)
    network.pairs[0]?.pair.freeze()
    const controller = new AbortController()
    const pinging = one.ping({ signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(pinging).rejects.toThrow('enough')
  })

  test('both may close at once', async () => {
    const { one, other } = await openChannel()
    one.close()
    other.close()
    one.close()
    expect(await Promise.all([one.closed, other.closed])).toEqual([undefined, undefined])
  })
})

describe('the way of a channel', () => {
  test('a channel between tabs waits for a direct connection that is being opened, and takes it', async () => {
    const { alice, bob } = createCallPair({ kind: 'relayed' })
    bob.scope.onChannel('talk', () => {})
    const opening = alice.scope.channel('bob', 'talk')
    await isTrue(() => alice.wanted.length === 1, 'a direct connection is wanted')
    alice.openDirect('bob')
    expect((await opening).way).toBe('direct')
    expect((await alice.scope.channel('bob', 'talk')).way).toBe('direct')
  })

  test('where none opens, the channel is relayed, and the next one does not wait again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { alice, bob } = createCallPair({ kind: 'relayed' })
    bob.scope.onChannel('talk', () => {})
    const opening = alice.scope.channel('bob', 'talk')
    await vi.advanceTimersByTimeAsync(3_000)
    expect((await opening).way).toBe('relayed')
    expect((await alice.scope.channel('bob', 'talk')).way).toBe('relayed')
  })

  test('an abort ends the wait', async () => {
    const { alice } = createCallPair({ kind: 'relayed' })
    const controller = new AbortController()
    const opening = alice.scope.channel('bob', 'talk', { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(opening).rejects.toThrow('enough')
  })
})

/** A channel through the homes, since no direct connection came in time. */
async function openRelayed() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const { network, alice, bob } = createCallPair({ kind: 'relayed' })
  const taken = Promise.withResolvers<Channel>()
  bob.scope.onChannel('talk', taken.resolve)
  const opening = alice.scope.channel('bob', 'talk')
  await vi.advanceTimersByTimeAsync(3_000)
  const [one, other] = [await opening, await taken.promise]
  vi.useRealTimers()
  const [relayed] = network.pairs
  if (relayed === undefined) throw new TypeError('no session is open')
  expect([one.way, other.way]).toEqual(['relayed', 'relayed'])
  return { network, alice, bob, one, other, relayed: relayed.pair }
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('a channel that is relayed, when a direct connection opens', () => {
  const areDirect = (...channels: Channel[]) => isTrue(() => channels.every(({ way }) => way === 'direct'), 'both ends send directly')

  test('goes on over it: all values come in order, both ways, and the relayed session ends', async () => {
    const { alice, one, other, relayed } = await openRelayed()
    const [toOther, toOne]: Value[][] = [[], []]
    other.onMessage((value) => toOther?.push(value))
    one.onMessage((value) => toOne?.push(value))
    for (const i of numbers(100)) for (const channel of [one, other]) channel.postMessage(i)
    alice.openDirect('bob')
    for (const i of numbers(200)) {
      for (const channel of [one, other]) channel.postMessage(100 + i)
      if (i % 10 === 0) await new Promise(setImmediate)
    }
    await areDirect(one, other)
    for (const channel of [one, other]) channel.postMessage(300)
    await isTrue(() => toOne?.length === 301 && toOther?.length === 301, 'all have come')
    expect([toOne, toOther]).toEqual([numbers(301), numbers(301)])
    await isTrue(() => !relayed.opener.open && !relayed.accepter.open, 'the relayed session has ended')
    expect(await one.ping()).toBeGreaterThanOrEqual(0)
    other.close()
    expect(await Promise.all([one.closed, other.closed])).toEqual([undefined, undefined])
  })

  test('with a reader that reads nothing for long, it moves once what is kept back has gone', async () => {
    const { alice, one, other } = await openRelayed()
    for (let i = 0; i < 10; i++) one.postMessage(LARGE)
    alice.openDirect('bob')
    one.postMessage('the last')
    one.close() // meanwhile: all that was sent comes before the end
    const read = await readAll(other)
    expect([read.length, read.at(-1)]).toEqual([11, 'the last'])
    expect(await Promise.all([one.closed, other.closed])).toEqual([undefined, undefined])
  })

  test('stays where it is when the direct session fails, and ends when it fails later', async () => {
    const { network, alice, one, other } = await openRelayed()
    network.failures = 3
    alice.openDirect('bob')
    await isTrue(() => network.failures === 0, 'no direct session can be opened')
    const heard: Value[] = []
    other.onMessage((value) => heard.push(value))
    one.postMessage('still here')
    await isTrue(() => heard.length === 1, 'the value')
    expect(one.way).toBe('relayed')
    alice.openDirect('bob')
    await areDirect(one, other)
    network.pairs.at(-1)?.pair.cut()
    expect(await Promise.all([one.closed, other.closed])).toMatchObject([{ code: 'ERR_LEFT' }, { code: 'ERR_LEFT' }])
  })

  test('loses, repeats and swaps nothing, whenever one of the two sessions is cut', async () => {
    for (const turns of numbers(12)) {
      const { network, alice, one, other } = await openRelayed()
      const heard: Value[] = []
      other.onMessage((value) => heard.push(value))
      alice.openDirect('bob')
      for (let i = 0, isCut = false; i < 40; i++) {
        one.postMessage(i)
        if (i > turns && !isCut && network.pairs.length > 1) {
          isCut = true
          network.pairs[turns % 2]?.pair.cut()
        }
        await new Promise(setImmediate)
      }
      one.close()
      await Promise.all([one.closed, other.closed])
      expect(heard).toEqual(numbers(heard.length))
    }
  })

  test('another instance cannot carry it on', async () => {
    const { network, relayed } = await openRelayed()
    const { topic } = relayed.opener
    const eve = network.join(sampleIdentity('eve', { peer: 'eve' }))
    const moving = eve.open({ peer: 'bob', home: 'home', addresses: [] }, { ...topic, isMove: true } as typeof topic)
    await expect(moving).rejects.toMatchObject({ code: 'ERR_LEFT' })
  })
})

describe('who may open a channel', () => {
  test('a name that nobody takes, a policy, a stranger, nobody, several', async () => {
    const { alice, bob } = createCallPair()
    bob.scope.onChannel('own', () => {}, { policy: 'own' })
    await expect(alice.scope.channel('bob', 'none')).rejects.toMatchObject({ code: 'ERR_NO_MODULE' })
    await expect(alice.scope.channel('bob', 'own')).rejects.toMatchObject({ code: 'ERR_REFUSED' })
    await expect(alice.scope.channel('nobody', 'own')).rejects.toMatchObject({ code: 'ERR_NOBODY' })
    const stranger = createCallPair({ relationOf: () => 'stranger' })
    stranger.bob.scope.onChannel('talk', () => {})
    for (const name of ['talk', 'none'])
      await expect(stranger.alice.scope.channel('bob', name)).rejects.toMatchObject({ code: 'ERR_REFUSED' })
    stranger.bob.scope.onChannel('open', (channel) => channel.close(), { policy: 'anyone' })
    expect(await (await stranger.alice.scope.channel('bob', 'open')).closed).toBeUndefined()
  })

  test('one account has so many at once; one that ends makes room', async () => {
    const { alice, bob } = createCallPair({ limits: { maxChannelsPerCaller: 2 } })
    bob.scope.onChannel('talk', () => {})
    const first = await alice.scope.channel('bob', 'talk')
    await alice.scope.channel('bob', 'talk')
    await expect(alice.scope.channel('bob', 'talk')).rejects.toMatchObject({ code: 'ERR_BUSY' })
    first.close()
    await first.closed
    await alice.scope.channel('bob', 'talk')
  })

  test('peerLeft and stop end channels', async () => {
    const { alice, one } = await openChannel()
    alice.calls.peerLeft('bob')
    expect(await one.closed).toMatchObject({ code: 'ERR_LEFT' })
    const again = await openChannel()
    again.bob.calls.stop()
    expect(await again.one.closed).toMatchObject({ code: 'ERR_LEFT' })
  })
})

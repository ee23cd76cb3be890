import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { CHANNEL_LIMITS } from '../../../node/people/calls/channel.ts'
import type { Channel, Value } from '../../../node/people/types.ts'
import { type CallPeersOptions, createCallPair } from '../../helpers/call-peers.ts'
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
    expect(() => one.postMessage('late')).toThrow(expect.objectContaining({ code: 'ERR_LEFT' }))
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

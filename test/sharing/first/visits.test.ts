/** Visitors that a gateway passes on, in memory: who is let in, what a guesser learns, and what becomes of the gateway's other visitors. */

import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { encodeKeyBase32 } from '../../../node/keys/index.ts'
import { createFirstKeys, encodeFirstKey } from '../../../node/sharing/first/first-keys.ts'
import { PIPE_SERVER_LIMITS } from '../../../node/sharing/first/pipe-server.ts'
import { parseLink } from '../../../node/sharing/format/share-link.ts'
import { receiveEarly } from '../../../node/sharing/receiver/early-share.ts'
import { SHARING_LIMITS } from '../../../node/sharing/sharing.ts'
import type { Share, ShareOptions, Sharing } from '../../../node/sharing/types.ts'
import { carryVisit } from '../../helpers/carry-visit.ts'
import { openFirstVisitor } from '../../helpers/first-visitor.ts'
import { createShareWorld, file, untilState } from '../../helpers/share-world.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { encodeWrong } from '../../helpers/wrong-link.ts'

const WAIT_MS = 20_000
const ends: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function openWorld(options?: ShareOptions) {
  const world = createShareWorld()
  const join = async (name: string) => {
    const peer = await world.join(name)
    ends.push(() => peer.stop())
    return peer
  }
  const sharer = await join('sharer')
  const share = await sharer.share([file('a'), { kind: 'text', path: 'b', text: 'words' }], options)
  await waitFor(() => share.entries.every(({ state }) => state === 'ready'), WAIT_MS, 'its files are read')
  const gateway = await join('gateway')
  let wanted = 0
  const openSharing = async () => {
    wanted++
    return join('visitor')
  }
  const visit = (path = share.path) => {
    const received = receiveEarly(path, { label: 'visitor' }, { openCarrier: (id) => carryVisit(gateway, id), openSharing })
    ends.push(() => received.close())
    return received
  }
  return { world, share, gateway, visit, peersWanted: () => wanted }
}

/** Sends a key and a record that is none. Resolves with how the sharer ended it, and how many messages came. */
async function guess(gateway: Pick<Sharing, 'passOn'>, share: Share): Promise<[reason: string, messages: number]> {
  const ended = Promise.withResolvers<string>()
  let messages = 0
  const id = encodeKeyBase32(parseLink('s', share.path).id)
  const pipe = await gateway.passOn(id, { onMessage: () => void messages++, onEnd: ended.resolve })
  pipe.send(encodeFirstKey(await createFirstKeys()))
  pipe.send(new Uint8Array(100))
  return [await ended.promise, messages]
}

/** A visitor whose sharer's key is here, and how the sharer ends it. */
async function begin(gateway: Pick<Sharing, 'passOn'>, share: Share) {
  const ended = Promise.withResolvers<string>()
  const visitor = await openFirstVisitor(share.path, (id, onMessage) =>
    gateway.passOn(encodeKeyBase32(id), { onMessage, onEnd: ended.resolve }),
  )
  return { ...visitor, ended: ended.promise }
}

const placesOf = (share: Share) => share.receivers.map(({ label, state }) => `${label} ${state}`)

test('a visitor sees the list, and takes with the same rules; its peer is the same receiver', async () => {
  const { share, visit } = await openWorld({ receivers: 1 })
  const received = visit()
  await untilState(received, 'listed')
  await received.take()
  expect(received.entries[1]?.text).toBe('words')
  const chunks: Uint8Array[] = []
  for await (const chunk of (await received.open(1)).read()) chunks.push(chunk)
  expect(Buffer.concat(chunks).toString()).toBe('a')
  expect(placesOf(share)).toEqual(['visitor receiving'])
  const late = visit()
  await waitFor(() => late.state === 'ended', WAIT_MS, 'the other is told')
  expect(late.endCode).toBe('ERR_SHARE_USED')
})

test('a visitor that only looks uses nothing up, and one that is asked about waits', async () => {
  const { share, visit } = await openWorld({ receivers: 1, ask: true })
  const looking = visit()
  await untilState(looking, 'listed')
  await looking.close()
  const received = visit()
  await untilState(received, 'listed')
  const taking = received.take()
  await untilState(received, 'asking')
  const asking = share.receivers.find(({ state }) => state === 'asking')
  share.admit(asking?.id ?? '', true)
  await taking
  expect(received.state).toBe('taken')
})

test('the gateway passes on neither names nor words that it could read', async () => {
  const { world, visit } = await openWorld()
  const received = visit()
  await untilState(received, 'listed')
  await received.take()
  const heard = Buffer.concat(world.network.heardBy('gateway'))
  expect(heard.byteLength).toBeGreaterThan(500)
  for (const secret of ['words', 'text/plain', 'visitor']) expect(heard.includes(secret), secret).toBe(false)
})

test('a password is asked for by the receiver’s own peer: nothing is listed before', async () => {
  const { visit } = await openWorld({ password: 'bread' })
  const received = visit()
  await untilState(received, 'password')
  expect(received.entries).toEqual([])
  await expect(received.enter('cake')).rejects.toThrow(expect.objectContaining({ code: 'ERR_SHARE_PASSWORD' }))
  await received.enter('bread')
  expect(received.entries.map(({ path }) => path)).toEqual(['a', 'b'])
})

test('a guesser learns one key, and is no receiver; beyond the limit its gateway waits, and honest visitors come by their peers', async () => {
  const { world, share, gateway, visit } = await openWorld()
  for (let n = 0; n < SHARING_LIMITS.wrongVisitors.burst; n++) expect(await guess(gateway, share)).toEqual(['wrong', 1])
  expect(placesOf(share)).toEqual([])
  const last = visit()
  await untilState(last, 'listed') // as many as were wrong are let in still
  await guess(gateway, share)
  await expect(guess(gateway, share)).rejects.toThrow(expect.objectContaining({ code: 'ERR_UNAVAILABLE' }))
  const honest = visit()
  await untilState(honest, 'listed') // by its peer
  world.clock.ticksMs += 1_000
  expect(await guess(gateway, share)).toEqual(['wrong', 1])
})

test('a link with another secret shows nothing', async () => {
  const { share, visit, peersWanted } = await openWorld()
  const received = visit(encodeWrong(share.path))
  await waitFor(() => peersWanted() > 0, WAIT_MS, 'the first stage is over')
  expect([received.entries, placesOf(share)]).toEqual([[], []])
})

test.each([
  ['does not begin', false, PIPE_SERVER_LIMITS.helloMs],
  ['stays too long', true, PIPE_SERVER_LIMITS.maxMs],
])('a visitor that %s hears that the sharer gives no more this way, not that they have gone', async (_, enters, limitMs) => {
  const { share, gateway } = await openWorld()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const visitor = await begin(gateway, share)
  if (enters) await visitor.enter()
  vi.advanceTimersByTime(limitMs)
  expect(await visitor.ended).toBe('over')
})

test('a visitor that has proven itself and says what is out of place hears that the sharer gives no more this way', async () => {
  const { share, gateway } = await openWorld()
  const visitor = await begin(gateway, share)
  await visitor.enter()
  await visitor.send({ type: 'asked' })
  expect(await visitor.ended).toBe('over')
})

import { expect, onTestFinished, test } from 'vitest'
import { createFrameStream, type Frame, type FrameStream } from '../../../node/network/index.ts'
import { encodeSessionFrame } from '../../../node/people/format/hello.ts'
import type { IdentityProof, VerifyIdentity } from '../../../node/people/format/identity.ts'
import { SESSION_LIMITS } from '../../../node/people/way/session.ts'
import { createSessions, type SessionsContext, type SessionsOptions } from '../../../node/people/way/sessions.ts'
import { PEOPLE_PROTOCOL } from '../../../node/people/way/trunks.ts'
import type { Identity, Session, Sessions, Topic, WayTarget } from '../../../node/people/way/types.ts'
import { createMemoryWays, type MemoryWays } from '../../helpers/memory-ways.ts'
import { sampleIdentity } from '../../helpers/session-pair.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const ALICE = sampleIdentity('alice')
const BOB = sampleIdentity('bob')
const TO_BOB: WayTarget = { peer: BOB.peer, home: BOB.peer, addresses: [] }
const TO_ALICE: WayTarget = { peer: ALICE.peer, home: ALICE.peer, addresses: [] }
const LINK: Topic = { kind: 'link' }
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

/** Believes the two of this file, where their certificate is right and their peer is theirs. */
function verify({ certificate }: IdentityProof, peer: string): ReturnType<VerifyIdentity> {
  const identity = [ALICE, BOB].find((each) => same(each.certificate, certificate))
  if (identity === undefined) return { refusal: { code: 'ERR_FORGED', text: 'A forged certificate' } }
  return identity.peer === peer ? { identity } : { refusal: { code: 'ERR_OTHER_PEER', text: 'Of another peer' } }
}

interface Side {
  sessions: Sessions & { start(): void; stop(): void }
  ways: MemoryWays
}

function startSides({
  alice = {},
  bob = {},
  options = {},
}: {
  alice?: Partial<SessionsContext>
  bob?: Partial<SessionsContext>
  options?: SessionsOptions
} = {}) {
  const [one, two] = createMemoryWays([ALICE.peer, BOB.peer])
  const start = (ways: MemoryWays, own: Identity, context: Partial<SessionsContext>): Side => {
    const sessions = createSessions({ ways, identity: () => own, verify, ...context }, options)
    sessions.start()
    onTestFinished(() => sessions.stop())
    return { sessions, ways }
  }
  return { alice: start(one, ALICE, alice), bob: start(two, BOB, bob) }
}

const takeAll = (sessions: Sessions, taken: Session[] = []) => {
  sessions.handle(
    'link',
    (_remote, topic) => ({ answer: topic }),
    (session) => taken.push(session),
  )
  return taken
}

const frameText = (frames: Frame[]) => frames.map(([type, text]) => `${type} ${text}`)

test('sessions: each end learns who the other is, and frames go both ways, in order, with the types that they were given', async () => {
  const { alice, bob } = startSides()
  const room = { room: new Uint8Array(32).fill(1), proof: new Uint8Array(32).fill(2) }
  const answer: Topic = { kind: 'link', rooms: [room] }
  const met: { remote: Identity; topic: Topic }[] = []
  const gotBob: Frame[] = []
  bob.sessions.handle(
    'link',
    (remote, topic) => {
      met.push({ remote, topic })
      return { answer }
    },
    (session) =>
      session.onFrame((frame) => {
        gotBob.push(frame)
        session.send([0, `re ${frame[1]}`])
      }),
  )
  const session = await alice.sessions.open(TO_BOB, LINK)
  expect(met).toEqual([{ remote: ALICE, topic: LINK }])
  expect(session).toMatchObject({ remote: BOB, topic: LINK, answered: answer, kind: 'socket', direction: 'outbound', open: true })
  const gotAlice: Frame[] = []
  for (let i = 0; i < 3; i++) session.send([i, `${i}`])
  await waitFor(() => gotBob.length === 3, 2_000, 'the frames')
  session.onFrame((frame) => gotAlice.push(frame)) // late: those that have come wait
  await waitFor(() => gotAlice.length === 3, 2_000, 'the answers')
  expect(frameText(gotBob)).toEqual(['0 0', '1 1', '2 2'])
  expect(frameText(gotAlice)).toEqual(['0 re 0', '0 re 1', '0 re 2'])
})

test('sessions: a refusal reaches the end that asked as its code, before a frame of the topic was read and without the identity of who refuses', async () => {
  let told = 0
  const { alice, bob } = startSides({
    bob: {
      identity: () => {
        told++
        return BOB
      },
    },
  })
  let sessions = 0
  bob.sessions.handle(
    'link',
    () => ({ code: 'ERR_REFUSED', text: 'Not a contact' }),
    () => sessions++,
  )
  await expect(alice.sessions.open(TO_BOB, LINK)).rejects.toMatchObject({ code: 'ERR_REFUSED', message: 'Not a contact' })
  await expect(alice.sessions.open(TO_BOB, { kind: 'calls' })).rejects.toMatchObject({ code: 'ERR_REFUSED' })
  expect({ sessions, told }).toEqual({ sessions: 0, told: 0 })
})

test('sessions: a forged identity is refused at either end with its code, and so is that of another peer', async () => {
  const forged = { certificate: new Uint8Array(9), delegation: new Uint8Array(9) }
  const asker = startSides({ alice: { identity: () => forged } })
  const taken = takeAll(asker.bob.sessions)
  await expect(asker.alice.sessions.open(TO_BOB, LINK)).rejects.toMatchObject({ code: 'ERR_FORGED', message: 'A forged certificate' })
  const answerer = startSides({ bob: { identity: () => forged } })
  const ends: unknown[] = []
  answerer.bob.sessions.handle(
    'link',
    (_, topic) => ({ answer: topic }),
    (session) => session.onEnd((reason) => ends.push(reason)),
  )
  await expect(answerer.alice.sessions.open(TO_BOB, LINK)).rejects.toMatchObject({ code: 'ERR_FORGED' })
  await waitFor(() => ends.length === 1, 2_000, 'the end of the session that was not believed')
  // Bob's papers, shown by Alice: her peer id is proven to be another.
  const thief = startSides({ alice: { identity: () => BOB } })
  takeAll(thief.bob.sessions, taken)
  await expect(thief.alice.sessions.open(TO_BOB, LINK)).rejects.toMatchObject({ code: 'ERR_OTHER_PEER' })
  expect(taken).toEqual([])
})

test('sessions: an end that closes and one that is cut off differ', async () => {
  const { alice, bob } = startSides()
  const taken = takeAll(bob.sessions)
  const done = await alice.sessions.open(TO_BOB, LINK)
  const cut = await alice.sessions.open(TO_BOB, LINK)
  const aborted = await alice.sessions.open(TO_BOB, LINK)
  const ends: Record<string, unknown> = {}
  const frames: Frame[] = []
  taken[0]?.onFrame((frame) => frames.push(frame))
  for (const session of taken.slice(1)) session.onFrame(() => {})
  taken[0]?.onEnd((reason) => (ends.done = reason ?? 'done'))
  taken[1]?.onEnd((reason) => (ends.cut = reason))
  taken[2]?.onEnd((reason) => (ends.aborted = reason))
  done.onEnd((reason) => (ends.own = reason ?? 'done'))
  const mine = new Error('mine')
  aborted.onEnd((reason) => (ends['own abort'] = reason))
  done.send([0, 'last words'])
  done.close()
  expect(done.send([0, 'too late'])).toBe(false)
  alice.ways.streams[1]?.close() // no mark: as a relay's end looks
  aborted.abort(mine)
  await waitFor(
    () => Object.keys(ends).length === 5,
    2_000,
    () => `all ends, got ${Object.keys(ends)}`,
  )
  expect(frameText(frames)).toEqual(['0 last words'])
  expect(ends).toMatchObject({ done: 'done', own: 'done', 'own abort': mine, cut: { code: 'ERR_LEFT' }, aborted: { code: 'ERR_LEFT' } })
  expect(cut.open).toBe(false)
  await waitFor(() => taken.every(({ open }) => !open), 2_000, 'all ended')
})

test('sessions: an end that has paused reads all that was sent before the end, and hears that it was one', async () => {
  const { alice, bob } = startSides()
  const taken = takeAll(bob.sessions)
  const session = await alice.sessions.open(TO_BOB, LINK)
  const frames: Frame[] = []
  const ends: unknown[] = []
  taken[0]?.onFrame((frame) => {
    frames.push(frame)
    if (frames.length === 1) taken[0]?.pause()
  })
  taken[0]?.onEnd((reason) => ends.push(reason))
  for (let i = 0; i < 50; i++) session.send([0, i])
  session.close()
  await waitFor(() => frames.length === 1, 2_000, 'the first')
  taken[0]?.resume()
  await waitFor(() => ends.length === 1, 2_000, 'the end')
  expect(frames.map(([, i]) => i)).toEqual(Array.from({ length: 50 }, (_, i) => i))
  expect(ends).toEqual([undefined])
})

test('sessions: both may close at once', async () => {
  const { alice, bob } = startSides()
  const taken = takeAll(bob.sessions)
  const session = await alice.sessions.open(TO_BOB, LINK)
  const ends: unknown[] = []
  for (const each of [session, taken[0] as Session]) each.onEnd((reason) => ends.push(reason))
  session.close()
  taken[0]?.close()
  await waitFor(() => [alice, bob].every(({ ways }) => ways.streams[0]?.status === 'closed'), 2_000, 'both streams closed')
  expect(ends).toEqual([undefined, undefined])
})

test('sessions: a sender waits for a reader that does not read, and one that does not wait is ended', async () => {
  const { alice, bob } = startSides()
  takeAll(bob.sessions) // nobody listens to their frames
  const patient = await alice.sessions.open(TO_BOB, LINK)
  const piece = new Uint8Array(65_536)
  let sent = 0
  const limit = AbortSignal.timeout(300)
  const sending = (async () => {
    while (await patient.writable({ signal: limit })) {
      patient.send([0, piece])
      sent += piece.byteLength
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  await expect(sending).rejects.toMatchObject({ name: 'TimeoutError' })
  expect(sent).toBeLessThan(SESSION_LIMITS.maxUnsentBytes)
  expect(patient.open).toBe(true)
  const ends: unknown[] = []
  patient.onEnd((reason) => ends.push(reason))
  for (let i = 0; patient.send([0, piece]); i++) if (i % 8 === 0) await new Promise((resolve) => setImmediate(resolve))
  await waitFor(() => ends.length === 1, 2_000, 'the end')
  expect(ends[0]).toMatchObject({ code: 'ERR_LIMIT' })
})

test('sessions: opening one can be aborted, and ends in time when the other end says nothing', async () => {
  const [alice, bob] = createMemoryWays([ALICE.peer, BOB.peer])
  bob.handle(PEOPLE_PROTOCOL, (way) => void way.createFrames({ maxFrameBytes: 1_000, maxUnsentBytes: 1_000, onFrame() {}, onEnd() {} }), {
    maxInboundPerPeer: 9,
    maxInbound: 9,
  })
  const sessions = createSessions({ ways: alice, identity: () => ALICE, verify })
  onTestFinished(() => sessions.stop())
  const caller = new AbortController()
  const opening = sessions.open(TO_BOB, LINK, { signal: caller.signal })
  await waitFor(() => bob.streams.length === 1, 2_000, 'the way')
  caller.abort(new Error('changed my mind'))
  await expect(opening).rejects.toBe(caller.signal.reason)
  await expect(sessions.open(TO_BOB, LINK, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  await waitFor(() => bob.streams.every(({ status }) => status !== 'open'), 2_000, 'the streams are gone')
})

/** A stranger's end of a way to Alice, frame by frame. */
async function openRaw(ways: MemoryWays): Promise<{ frames: FrameStream; received: Frame[]; ended: () => boolean }> {
  const way = await ways.open(TO_ALICE, PEOPLE_PROTOCOL)
  const received: Frame[] = []
  let isEnded = false
  const frames = way.createFrames({
    maxFrameBytes: 1_000_000,
    maxUnsentBytes: 10_000_000,
    onFrame: (frame) => received.push(frame),
    onEnd: () => {
      isEnded = true
    },
  })
  return { frames, received, ended: () => isEnded }
}

test('sessions: streams that say nothing end in time, and a flood of them leaves room for nobody longer than that', async () => {
  const [alice, bob] = createMemoryWays([ALICE.peer, BOB.peer])
  const sessions = createSessions({ ways: alice, identity: () => ALICE, verify }, { helloTimeoutMs: 200, maxUnproven: 8 })
  takeAll(sessions)
  sessions.start()
  onTestFinished(() => sessions.stop())
  const silent = await Promise.all(Array.from({ length: 20 }, () => openRaw(bob)))
  await waitFor(() => silent.filter(({ ended }) => ended()).length >= 12, 2_000, 'those over the limit are turned away')
  await waitFor(() => silent.every(({ ended }) => ended()), 2_000, 'the others end')
  const honest = createSessions({ ways: bob, identity: () => BOB, verify })
  onTestFinished(() => honest.stop())
  expect((await honest.open(TO_ALICE, LINK)).open).toBe(true)
})

test('sessions: frames out of place end the stream, and reach nobody', async () => {
  const hello = encodeSessionFrame({ type: 'hello', ...BOB, topic: LINK })
  const topic = encodeSessionFrame({ type: 'topic', frame: [0, 'call'] })
  const end = encodeSessionFrame({ type: 'end' })
  const refused = encodeSessionFrame({ type: 'refused', code: 'ERR_REFUSED', text: '' })
  for (const frames of [[topic], [end], [hello, hello], [hello, refused], [[7]] as Frame[], [['x'] as unknown as Frame]]) {
    const [alice, bob] = createMemoryWays([ALICE.peer, BOB.peer])
    const sessions = createSessions({ ways: alice, identity: () => ALICE, verify })
    const heard: Frame[] = []
    sessions.handle(
      'link',
      (_, topic) => ({ answer: topic }),
      (session) => session.onFrame((frame) => heard.push(frame)),
    )
    sessions.start()
    const raw = await openRaw(bob)
    for (const frame of frames) raw.frames.send(frame)
    await waitFor(raw.ended, 2_000, () => `the end after ${JSON.stringify(frames)}`)
    expect(heard).toEqual([])
    sessions.stop()
  }
})

test('sessions: a topic frame that comes with the hello waits until both ends have said who they are', async () => {
  const [alice, bob] = createMemoryWays([ALICE.peer, BOB.peer])
  const checked = Promise.withResolvers<Identity>()
  const sessions = createSessions({ ways: alice, identity: () => checked.promise, verify })
  const heard: Frame[] = []
  sessions.handle(
    'link',
    (_, topic) => ({ answer: topic }),
    (session) => session.onFrame((frame) => heard.push(frame)),
  )
  sessions.start()
  onTestFinished(() => sessions.stop())
  const raw = await openRaw(bob)
  raw.frames.send(encodeSessionFrame({ type: 'hello', ...BOB, topic: LINK }))
  raw.frames.send(encodeSessionFrame({ type: 'topic', frame: [0, 'early'] }))
  await new Promise((resolve) => setImmediate(resolve))
  expect(heard).toEqual([])
  checked.resolve(ALICE)
  await waitFor(() => heard.length === 1, 10_000, 'the frame')
  await waitFor(() => raw.received.length === 1, 10_000, 'the answer')
})

test('sessions: a stream that ended before anybody took it over ends for its reader, too', async () => {
  const [alice, bob] = createMemoryWays([ALICE.peer, BOB.peer])
  const ends: unknown[] = []
  bob.handle(PEOPLE_PROTOCOL, () => {}, { maxInboundPerPeer: 9, maxInbound: 9 })
  await alice.open(TO_BOB, PEOPLE_PROTOCOL)
  const [stream] = bob.streams
  if (stream === undefined) throw new TypeError('no stream')
  stream.abort(new Error('gone'))
  void createFrameStream(stream, { maxFrameBytes: 10, maxUnsentBytes: 10, onFrame() {}, onEnd: (reason) => ends.push(reason) })
  await waitFor(() => ends.length === 1, 2_000, 'the end')
})

import { base32 } from 'multiformats/bases/base32'
import { expect, test } from 'vitest'
import { MayflyError } from '../../../node/errors.ts'
import { BOX_LIMITS } from '../../../node/sharing/boxes/box.ts'
import { dropRefusalOf } from '../../../node/sharing/boxes/refusal.ts'
import type { DropNews, DropTerms, OpenedBox, Submission } from '../../../node/sharing/types.ts'
import { createDropWorld, offerOf, shareOf, submissionsOf } from '../../helpers/drop-world.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const id = (byte: number) => new Uint8Array(16).fill(byte)
const code = (expected: string) => expect.objectContaining({ code: expected })

async function openWorld(terms: Partial<DropTerms> = {}) {
  const world = createDropWorld()
  const owner = world.join('owner')
  const box = await owner.openBox({ title: 'For Bob', ...terms })
  return { world, owner, box, sender: world.join('sender') }
}

const refusedWith = async (attempt: Promise<unknown>) => dropRefusalOf(await attempt.catch((error: unknown) => error))?.code

function newsOf(opened: OpenedBox): (DropNews & { id: string })[] {
  const news: (DropNews & { id: string })[] = []
  opened.onNews((submission, each) => news.push({ ...each, id: submission }))
  return news
}

test('box: shows its terms to who has its link, and a taken offer comes whole to its owner', async () => {
  const { box, sender } = await openWorld({ maxFiles: 5, types: ['.jpg'] })
  const { next } = submissionsOf(box)
  const opened = await sender.visitBox(`https://gateway.example${box.path}`)
  expect(opened.terms).toEqual({ title: 'For Bob', maxFiles: 5, types: ['.jpg'] })
  expect(opened.id).toBe(box.id)
  const taken = opened.offer(shareOf(1), offerOf('a.jpg', 'b/c.jpg'), { id: id(1) })
  const { submission, take } = await next()
  expect(submission).toMatchObject({ ...offerOf('a.jpg', 'b/c.jpg'), id: '01'.repeat(16), share: shareOf(1).path, isResumed: false })
  take()
  await taken
})

test('box: an offer over its limits is refused in words before its owner hears of it, at the sender and at the box alike', async () => {
  const { box, sender } = await openWorld({ maxFiles: 1 })
  const { arrived } = submissionsOf(box)
  const opened = await sender.visitBox(box.path)
  expect(await refusedWith(opened.offer(shareOf(1), offerOf('a', 'b')))).toBe('count')
  // A sender whose program does not look at the terms.
  Object.assign(opened.terms, { maxFiles: 9 })
  expect(await refusedWith(opened.offer(shareOf(1), offerOf('a', 'b')))).toBe('count')
  expect(arrived).toEqual([])
})

test('box: its owner says no, in words, and the same submission is not asked about again', async () => {
  const { box, sender } = await openWorld()
  const { next, arrived } = submissionsOf(box)
  const opened = await sender.visitBox(box.path)
  const refused = opened.offer(shareOf(1), offerOf('a'), { id: id(1) }).catch((error: unknown) => error)
  ;(await next()).refuse(new MayflyError('ERR_REFUSED', 'Not today'))
  expect(await refused).toMatchObject({ code: 'ERR_DROP_REFUSED', message: 'Not today' })
  expect(await refusedWith(opened.offer(shareOf(1), offerOf('a'), { id: id(1) }))).toBe('asked')
  expect(arrived).toEqual([])
})

test('box: what its owner gives up is over for its sender, now and when it comes back, and is not received after a restart', async () => {
  const { box, owner, sender } = await openWorld()
  const { next } = submissionsOf(box)
  const opened = await sender.visitBox(box.path)
  const news = newsOf(opened)
  const taken = opened.offer(shareOf(1), offerOf('a'), { id: id(1) })
  const { submission, take } = await next()
  take()
  await taken
  submission.giveUp()
  expect(submission.withdrawn.aborted).toBe(true)
  await waitFor(() => news.at(-1)?.state === 'over', 5_000, 'the sender hears of it')
  expect(await refusedWith(opened.offer(shareOf(1), offerOf('a'), { id: id(1) }))).toBe('asked')
  await box.close()
  const again = submissionsOf(await owner.openBox({ title: 'For Bob' }, { resume: box.snapshot() }))
  expect(again.arrived).toEqual([])
})

test('box: a failure of its own owner that is no refusal tells the sender nothing of it, and may be tried again', async () => {
  const { box, sender } = await openWorld()
  const { next } = submissionsOf(box)
  const opened = await sender.visitBox(box.path)
  const refused = opened.offer(shareOf(1), offerOf('a'), { id: id(1) }).catch((error: unknown) => error)
  ;(await next()).refuse(new Error('secret path /home/bob'))
  expect(await refused).toMatchObject({ code: 'ERR_DROP_REFUSED', message: expect.not.stringContaining('bob') })
  const again = opened.offer(shareOf(1), offerOf('a'), { id: id(1) })
  ;(await next()).take()
  await again
})

test('box: a sender that comes back with the same submission finds it taken, and hears how it stands', async () => {
  const { box, sender, world } = await openWorld()
  const { next } = submissionsOf(box)
  const first = await sender.visitBox(box.path)
  const taken = first.offer(shareOf(1), offerOf('a'), { id: id(1) })
  const { submission, take } = await next()
  take()
  await taken
  first.close()
  submission.tell({ state: 'failed', text: 'The disk is full' })

  const again = await world.join('sender2').visitBox(box.path)
  const news = newsOf(again)
  await again.offer(shareOf(1), offerOf('a'), { id: id(1) })
  submission.tell({ state: 'done', text: '' })
  submission.tell({ state: 'taking', text: '' })
  await waitFor(() => news.length === 2, 5_000, 'the news')
  expect(news).toEqual([
    { id: '01'.repeat(16), state: 'failed', text: 'The disk is full' },
    { id: '01'.repeat(16), state: 'done', text: '' },
  ])
})

test('box: one submission that two connections offer is decided once', async () => {
  const { box, sender, world } = await openWorld()
  const { next, arrived } = submissionsOf(box)
  const one = (await sender.visitBox(box.path)).offer(shareOf(1), offerOf('a'), { id: id(1) })
  const { take } = await next()
  const asked = Promise.withResolvers<void>()
  const other = (await world.join('sender2').visitBox(box.path)).offer(shareOf(1), offerOf('a'), { id: id(1), onAsked: asked.resolve })
  await asked.promise
  take()
  await Promise.all([one, other])
  expect(arrived).toEqual([])
})

test('box: what is told before it is decided is not lost', async () => {
  const { box, sender } = await openWorld()
  const opened = await sender.visitBox(box.path)
  const news = newsOf(opened)
  box.onSubmission(async ({ tell }) => tell({ state: 'done', text: '' }))
  await opened.offer(undefined, offerOf(), { id: id(1) })
  await waitFor(() => news.length === 1, 5_000, 'the news')
  expect(news[0]).toMatchObject({ state: 'done' })
})

test('box: nobody there is said at once, and a closed one says that it is closed', async () => {
  const { owner, box, sender } = await openWorld()
  const opened = await sender.visitBox(box.path)
  const waiting = opened.offer(shareOf(1), offerOf('a'), { id: id(1) }).catch((error: unknown) => error)
  await new Promise(setImmediate)
  await box.close()
  expect(dropRefusalOf(await waiting)?.code).toBe('over')
  await expect(sender.visitBox(box.path)).rejects.toThrow(code('ERR_SHARE_ENDED'))
  await owner.stop()
  await expect(sender.visitBox(box.path)).rejects.toThrow(code('ERR_UNAVAILABLE'))
})

test('box: its owner leaves: offers that are not decided and the visit end at once', async () => {
  const { owner, box, sender } = await openWorld()
  const { next } = submissionsOf(box)
  const opened = await sender.visitBox(box.path)
  const waiting = opened.offer(shareOf(1), offerOf('a')).catch((error: unknown) => error)
  await next()
  owner.kill()
  expect(await waiting).toMatchObject({ code: 'ERR_LEFT' })
  expect(await opened.closed).toBeInstanceOf(Error)
})

test('box: a link with another secret, or of another box, opens nothing, and guesses are few', async () => {
  const { owner, box, sender } = await openWorld()
  const other = await owner.openBox({ title: 'Another' })
  const [, secret] = other.path.split('#')
  await expect(sender.visitBox(`/d/${box.id}#${secret}`)).rejects.toThrow(code('ERR_SHARE_WRONG'))
  await expect(sender.visitBox(box.path.slice(0, -2))).rejects.toThrow(code('ERR_SHARE_WRONG'))
  await expect(sender.visitBox('https://gateway.example/')).rejects.toThrow(code('ERR_BAD_OPTION'))
})

test('box: somebody else who holds its key is passed over', async () => {
  const { world, box, sender } = await openWorld()
  const liar = world.join('aaa')
  const theirs = await liar.openBox({ title: 'For Bob' })
  world.presence.join('aaa').hold(base32.baseDecode(box.id))
  world.presence.leave('owner')
  await expect(sender.visitBox(box.path)).rejects.toThrow(code('ERR_SHARE_WRONG'))
  world.presence.join('owner').hold(base32.baseDecode(box.id))
  expect((await sender.visitBox(box.path)).id).toBe(box.id)
  expect(theirs.id).not.toBe(box.id)
})

test('box: it comes back after a restart under the same link, and what was taken and not complete is taken on', async () => {
  const { world, owner, box, sender } = await openWorld({ maxFiles: 3 })
  const { next } = submissionsOf(box)
  let snapshot = box.snapshot()
  box.onChange(() => (snapshot = box.snapshot()))
  const opened = await sender.visitBox(box.path)
  const all = [1, 2].map((byte) => opened.offer(shareOf(byte), offerOf('a'), { id: id(byte) }))
  const [first, second] = [await next(), await next()]
  first.take()
  second.take()
  await Promise.all(all)
  first.submission.tell({ state: 'done', text: '' })
  owner.kill()

  const back = world.join('owner-again')
  const resumed = await back.openBox({ title: 'For Bob', maxFiles: 3 }, { resume: snapshot })
  expect(resumed.path).toBe(box.path)
  const unfinished = submissionsOf(resumed)
  const { submission } = await unfinished.next()
  expect(submission).toMatchObject({ id: '02'.repeat(16), isResumed: true, share: shareOf(2).path, words: 'For you', from: 'Ann' })
  expect(submission.atMs).toBe(second.submission.atMs)
  expect(submission.receiver).toEqual(second.submission.receiver)
  expect(unfinished.arrived).toEqual([])
})

test('box: submissions of one second have times of their own', async () => {
  const { box, sender } = await openWorld()
  const { next } = submissionsOf(box)
  const opened = await sender.visitBox(box.path)
  for (const byte of [1, 2, 3]) void opened.offer(shareOf(byte), offerOf('a'), { id: id(byte) })
  const times = [(await next()).submission.atMs, (await next()).submission.atMs, (await next()).submission.atMs]
  expect(new Set(times.map((ms) => Math.floor(ms / 1_000))).size).toBe(3)
})

test('box: submissions that wait are bounded for each peer; those whose senders have left make room', async () => {
  const { world, box } = await openWorld()
  submissionsOf(box)
  const attempts: Promise<unknown>[] = []
  const offer = async (peer: string, count: number) => {
    const sender = world.join(peer)
    const opened = await sender.visitBox(box.path)
    for (let i = 0; i < count; i++) attempts.push(opened.offer(undefined, offerOf()).catch((error: unknown) => error))
    return { sender, opened, last: () => attempts.at(-1) as Promise<unknown> }
  }
  const greedy = await offer('greedy', BOX_LIMITS.maxWaitingPerPeer + 1)
  expect(dropRefusalOf(await greedy.last())?.code).toBe('busy')
  const others = []
  for (let i = 1; i < BOX_LIMITS.maxWaiting / BOX_LIMITS.maxWaitingPerPeer; i++)
    others.push(await offer(`peer${i}`, BOX_LIMITS.maxWaitingPerPeer))
  await new Promise(setImmediate)
  expect(dropRefusalOf(await (await offer('late', 1)).last())?.code).toBe('busy')
  others[0]?.sender.kill()
  await new Promise(setImmediate)
  const { opened } = await offer('later', 0)
  const asked = Promise.withResolvers<void>()
  attempts.push(opened.offer(undefined, offerOf(), { onAsked: asked.resolve }).catch(() => {}))
  await asked.promise
})

test('box: offers of one peer are limited in time', async () => {
  const { world, box, sender } = await openWorld()
  box.onSubmission(async () => {})
  const opened = await sender.visitBox(box.path)
  const burst = BOX_LIMITS.offersPerPeer.burst
  for (let i = 0; i < burst; i++) await opened.offer(undefined, offerOf('a'), { id: id(i) })
  expect(await refusedWith(opened.offer(undefined, offerOf('a')))).toBe('busy')
  world.clock.ticksMs += 1_000 / BOX_LIMITS.offersPerPeer.perSecond
  expect(await refusedWith(opened.offer(undefined, offerOf('a')))).toBe(undefined)
})

test('box: it takes nothing once its time is over, and goes on with what it has taken', async () => {
  const { world, box, sender } = await openWorld({ untilMs: 1_764_400_001_000 })
  const submissions: Submission[] = []
  box.onSubmission(async (submission) => void submissions.push(submission))
  const opened = await sender.visitBox(box.path)
  await opened.offer(shareOf(1), offerOf('a'), { id: id(1) })
  world.clock.nowMs = 1_764_400_001_000
  expect(await refusedWith(opened.offer(shareOf(2), offerOf('a')))).toBe('over')
  await opened.offer(shareOf(1), offerOf('a'), { id: id(1) })
  await (await sender.visitBox(box.path)).offer(shareOf(1), offerOf('a'), { id: id(1) })
  submissions[0]?.tell({ state: 'done', text: '' })
  await expect(sender.visitBox(box.path)).rejects.toThrow(code('ERR_SHARE_ENDED'))
})

import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { MayflyError } from '../../../node/errors.ts'
import { createPortableHasher } from '../../../node/keys/hasher.ts'
import { BOXES_LIMITS, createBoxes } from '../../../node/sharing/boxes/boxes.ts'
import { dropRefusalOf } from '../../../node/sharing/boxes/refusal.ts'
import type { DropTerms, Submission } from '../../../node/sharing/types.ts'
import { createDropWorld, streamOf } from '../../helpers/drop-world.ts'
import { createMemoryRendezvous } from '../../helpers/memory-rendezvous.ts'
import { createMemoryWays } from '../../helpers/memory-ways.ts'

async function openWorld(terms: Partial<DropTerms> = {}) {
  const world = createDropWorld()
  const box = await world.join('owner').openBox({ title: 'For Bob', ...terms })
  return { world, box, gateway: world.join('gateway') }
}

async function readAll(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Stores what is pushed, as a disk would. */
function storeOf() {
  const stored: Buffer[] = []
  const failures: unknown[] = []
  return {
    stored,
    failures,
    async take({ pushed }: Submission) {
      if (pushed === undefined) throw new Error('a share')
      try {
        stored.push(await readAll(pushed.bytes))
      } catch (error) {
        failures.push(error)
        throw error
      }
    },
  }
}

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const refusedWith = async (attempt: Promise<unknown>) => dropRefusalOf(await attempt.catch((error: unknown) => error))?.code

test.each([0, 1, 65_536, 65_537, 300_000])('push: %i bytes arrive as they were sent, and both sides have their hash', async (size) => {
  const { box, gateway } = await openWorld()
  const { stored, take } = storeOf()
  box.onSubmission(take)
  const bytes = randomBytes(size)
  const opened = await gateway.visitBox(box.putPath)
  const outcome = await opened.push({ path: 'a.bin', size, bytes: streamOf(bytes.subarray(0, 10), bytes.subarray(10)) })
  expect(outcome).toEqual({ size, sha256: sha256Of(bytes) })
  expect(stored.map(sha256Of)).toEqual([sha256Of(bytes)])
})

test('push: a limit is told before a byte is read', async () => {
  const { box, gateway } = await openWorld({ maxFileBytes: 10, types: ['.txt'] })
  const { stored, take } = storeOf()
  box.onSubmission(take)
  let wasRead = false
  async function* bytes() {
    wasRead = true
    yield new Uint8Array(11)
  }
  const push = async (path: string, size?: number) =>
    (await gateway.visitBox(box.path)).push({ path, ...(size && { size }), bytes: bytes() })
  expect(await refusedWith(push('a.txt', 11))).toBe('size')
  expect(await refusedWith(push('a.exe', 1))).toBe('type')
  expect(await refusedWith(push('../a.txt', 1))).toBe('name')
  expect(wasRead).toBe(false)
  // Nobody said how large it is: it is measured as it comes.
  expect(await refusedWith(push('a.txt'))).toBe('size')
  expect(stored).toEqual([])
})

test.each([5, 7])('push: %i bytes where 6 were said to come are not stored', async (size) => {
  const { box, gateway } = await openWorld()
  const { stored, failures, take } = storeOf()
  box.onSubmission(take)
  const opened = await gateway.visitBox(box.path)
  expect(await refusedWith(opened.push({ path: 'a', size: 6, bytes: streamOf(new Uint8Array(size)) }))).toBe('damaged')
  expect(stored).toEqual([])
  expect(failures).toHaveLength(1)
})

test('push: a sender that stops in the middle leaves nothing behind', async () => {
  const { box, gateway } = await openWorld()
  const { stored, failures, take } = storeOf()
  box.onSubmission(take)
  async function* bytes() {
    yield new Uint8Array(1_000)
    throw new Error('the client went away')
  }
  const opened = await gateway.visitBox(box.path)
  await expect(opened.push({ path: 'a', size: 2_000, bytes: bytes() })).rejects.toThrow('the client went away')
  await expect.poll(() => failures).toHaveLength(1)
  expect(stored).toEqual([])
})

test('push: a full disk is told in words, in the middle', async () => {
  const { box, gateway } = await openWorld()
  box.onSubmission(async ({ pushed }) => {
    for await (const _ of pushed?.bytes ?? []) throw new MayflyError('ERR_NOT_STORED', 'The disk there is full')
  })
  const opened = await gateway.visitBox(box.path)
  const refused = opened.push({ path: 'a', bytes: streamOf(new Uint8Array(1_000), new Uint8Array(1_000)) }).catch((error: unknown) => error)
  expect(dropRefusalOf(await refused)).toEqual({ code: 'disk', text: 'The disk there is full' })
})

test('push: its owner says no', async () => {
  const { box, gateway } = await openWorld()
  box.onSubmission(async () => {
    throw new MayflyError('ERR_REFUSED', 'Not today')
  })
  const refused = (await gateway.visitBox(box.path)).push({ path: 'a', bytes: streamOf('hello') })
  expect(dropRefusalOf(await refused.catch((error: unknown) => error))).toEqual({ code: 'asked', text: 'Not today' })
})

test('push: files under way are bounded for each gateway', async () => {
  const { box, gateway } = await openWorld()
  const decided = Promise.withResolvers<void>()
  box.onSubmission(async ({ pushed }) => {
    await decided.promise
    await readAll(pushed?.bytes ?? streamOf())
  })
  const push = async () => (await gateway.visitBox(box.path)).push({ path: 'a', size: 5, bytes: streamOf('hello') })
  const under = Array.from({ length: BOXES_LIMITS.maxPushesPerPeer }, push)
  await expect.poll(async () => refusedWith(push())).toBe('busy')
  decided.resolve()
  await Promise.all(under)
  await push()
})

test('push: a slow disk holds its sender back', async () => {
  const [owner, gateway] = createMemoryWays(['owner', 'gateway'])
  const presence = createMemoryRendezvous()
  const peer = (self: string, ways: typeof owner) => {
    const boxes = createBoxes({
      ...{ self, ways, rendezvous: presence.join(self), now: Date.now, monotonic: () => performance.now() },
      ...{ randomBytes: (length: number) => new Uint8Array(randomBytes(length)), createHasher: createPortableHasher },
      receive() {
        throw new Error('nothing is received here')
      },
    })
    boxes.start()
    return boxes
  }
  const box = await peer('owner', owner).openBox({ title: 'For Bob' })
  const mayRead = Promise.withResolvers<void>()
  let stored = 0
  box.onSubmission(async ({ pushed }) => {
    for await (const chunk of pushed?.bytes ?? []) {
      if (stored === 0) await mayRead.promise
      stored += chunk.byteLength
    }
  })
  const size = 12 * 1_048_576
  let given = 0
  async function* bytes() {
    for (; given < size; given += 1_048_576) yield new Uint8Array(1_048_576)
  }
  const pushing = (await peer('gateway', gateway).visitBox(box.path)).push({ path: 'a', size, bytes: bytes() })
  let before = -1
  await expect
    .poll(
      () => {
        const isSame = before === given
        before = given
        return isSame && given > 0
      },
      { interval: 100, timeout: 30_000 },
    )
    .toBe(true)
  expect(given).toBeLessThan(8 * 1_048_576)
  mayRead.resolve()
  expect((await pushing).size).toBe(size)
  expect(stored).toBe(size)
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createMessageSecret, encodeKeyHex, type OutboxStore, type PostOutcome, publicKeyOf } from '../../../node/index.ts'
import { createComposer } from '../../../node/messages/outbox/composer.ts'
import { createOutbox, type OutboxOptions } from '../../../node/messages/outbox/outbox.ts'
import { RETRY_DEFAULTS } from '../../../node/messages/outbox/retry-scheduler.ts'
import { openOutboxStore } from '../../../node/server/store/outbox-store.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const CHILD = fileURLToPath(new URL('../../helpers/outbox-process.ts', import.meta.url))
const SECRET = createMessageSecret()

type Answer = (body: string) => PostOutcome | Promise<PostOutcome>

/** An outbox on the file whose network is the given function of an open message's text. */
async function startOutbox(path: string, answer: Answer, { aheadMs = 0, ...options }: OutboxOptions & { aheadMs?: number } = {}) {
  const store = openOutboxStore(path)
  const tried: string[] = []
  const now = () => Date.now() + aheadMs
  const outbox = createOutbox(
    {
      store,
      composer: createComposer({ store, findPublicKey: async () => undefined, limits: { maxMessageBytes: 65_536 }, now }),
      async attempt(_, { id, payload }) {
        tried.push(encodeKeyHex(id))
        return answer(new TextDecoder().decode(payload))
      },
      secret: SECRET,
      emit() {},
      now,
      random: Math.random,
    },
    options,
  )
  let isOpen = true
  const close = async () => {
    if (!isOpen) return
    isOpen = false
    await outbox.stop()
    await store.close()
  }
  onTestFinished(close)
  await outbox.start()
  return { outbox, store, tried, close }
}

async function isAllDone(store: OutboxStore): Promise<boolean> {
  return (await store.waiting(1)).length === 0
}

const HEARD: PostOutcome = { state: 'heard', taps: 1 }

describe('outbox on a file', () => {
  test('killed between sending a message and writing it, sends the messages that it had acknowledged, each once', async () => {
    const path = join(await createTemporaryDirectory(), 'outbox.db')
    const child = spawn(process.execPath, [CHILD, path, '12'], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [said, [, signal]] = await Promise.all([text(child.stdout), once(child, 'close')])
    expect(signal).toBe('SIGKILL')
    const ids = said.split('\n').filter((line) => line.length === 64)
    expect(ids.length).toBe(11)

    const { store, tried } = await startOutbox(path, () => HEARD, { aheadMs: RETRY_DEFAULTS.claimMs })
    await waitFor(() => isAllDone(store), 10_000, 'all are sent')
    expect(tried.toSorted()).toEqual(ids.toSorted())
    expect((await store.list(100)).every(({ outcome }) => outcome?.state === 'heard')).toBe(true)
  })

  test('restarted, goes on with waiting entries in any state, and leaves done ones', async () => {
    const path = join(await createTemporaryDirectory(), 'outbox.db')
    const stuck = Promise.withResolvers<PostOutcome>()
    const answers: [RegExp, PostOutcome | Promise<PostOutcome>][] = [
      [/stored/, { state: 'stored', receipts: [{ receiver: publicKeyOf(SECRET), ids: [], storedAtMs: 1, bytes: new Uint8Array(3) }] }],
      [/heard/, HEARD],
      [/muted/, { state: 'refused', reason: 'muted' }],
      [/queued/, { state: 'queued', nodes: 3, untilMs: 5 }],
      [/full/, { state: 'refused', reason: 'full', retryAfterMs: 10 }],
      [/trying/, stuck.promise],
    ]
    const before = await startOutbox(path, (body) => answers.find(([word]) => word.test(body))?.[1] ?? HEARD)
    const names = ['stored', 'heard', 'muted', 'queued', 'full', 'trying']
    const ids = new Map<string, string>()
    await Promise.all(
      names.map(async (body) => ids.set(encodeKeyHex((await before.outbox.post('#wall', { body }, { waitMs: 200 })).id), body)),
    )
    const kept = async (store: OutboxStore) =>
      Object.fromEntries((await store.list(10)).map(({ id, outcome, isDone }) => [ids.get(encodeKeyHex(id)), [outcome, isDone]]))
    const left = await kept(before.store)
    expect(left).toMatchObject({ muted: [{ reason: 'muted' }, true], queued: [{ nodes: 3 }, false], trying: [undefined, false] })
    await before.close()

    const after = await startOutbox(path, () => HEARD, { aheadMs: 3_600_000 })
    await waitFor(() => isAllDone(after.store), 10_000, 'what waited is sent')
    expect(after.tried.map((id) => ids.get(id)).toSorted()).toEqual(['full', 'queued', 'trying'])
    expect(await kept(after.store)).toEqual({ ...left, full: [HEARD, true], queued: [HEARD, true], trying: [HEARD, true] })
  })

  test('shared by two processes, each message is tried by one of them, and both know its outcome', async () => {
    const path = join(await createTemporaryDirectory(), 'outbox.db')
    const under = new Set<string>()
    /** By body. By chance one would now and then be tried a dozen times, and wait for seconds in the end. */
    const tries = new Map<string, number>()
    let overlaps = 0
    const answer = async (body: string): Promise<PostOutcome> => {
      if (under.has(body)) overlaps++
      under.add(body)
      await new Promise((resolve) => setTimeout(resolve, 5))
      under.delete(body)
      const count = (tries.get(body) ?? 0) + 1
      tries.set(body, count)
      return count <= Number(body.split(': ')[1]) % 3 ? { state: 'queued', nodes: 0, untilMs: 1 } : HEARD
    }
    const options = { minRetryMs: 2, lookMs: 5 }
    const one = await startOutbox(path, answer, options)
    const other = await startOutbox(path, answer, options)
    await Promise.all(
      [one, other].flatMap(({ outbox }, who) => Array.from({ length: 40 }, (_, i) => outbox.post('#wall', { body: `${who}: ${i}` }))),
    )
    one.outbox.kick()
    other.outbox.kick()
    await waitFor(() => isAllDone(one.store), 20_000, 'all are heard')
    expect(overlaps).toBe(0)
    expect([one.tried.length > 0, other.tried.length > 0]).toEqual([true, true])
    const states = async ({ store }: typeof one) => (await store.list(100)).map(({ id, outcome }) => [encodeKeyHex(id), outcome?.state])
    expect(await states(one)).toEqual(await states(other))
    expect((await states(one)).every(([, state]) => state === 'heard')).toBe(true)
  })
})

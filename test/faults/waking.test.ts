/** A node that wakes from a freeze, as by a laptop's lid: it serves nothing that has gone meanwhile, and all that is still there. */

import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { getRaw, hashOf, untilStatus } from '../helpers/gateway-client.ts'
import { spawnMayfly } from '../helpers/mayfly-process.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Longer than the others wait before they think that it is gone. */
const ASLEEP_MS = 10_000
/** How long it is watched after it woke, in ms; what it serves wrongly it serves in the first three seconds. */
const WATCHED_MS = 4_000

test('waking: a node that was frozen does not serve what has gone, from its first answer on, nor say that nobody holds what is held', async () => {
  const a = await startNodeProcess()
  const b = await startNodeProcess({ join: [a.url] })
  const c = await startNodeProcess({ join: [a.url] })
  onTestFinished(() => void c.process.kill('SIGCONT'))
  await waitFor(
    async () => {
      const answers = await Promise.all([a, b, c].map(async ({ url }) => (await fetch(`${url}/api/v1/status`)).json()))
      return answers.every(({ counts }) => counts.servers === 2)
    },
    60_000,
    'each knows the other two',
  )
  const hold = async (url: string, page: string) => {
    const holder = spawnMayfly(['hold', '-', '--join', url], { stdin: page })
    await holder.stdout.waitFor(() => true)
    return { holder, hash: hashOf(page) }
  }
  const gone = [await hold(a.url, 'goes, its home is another node'), await hold(c.url, 'goes, its home is the frozen one')]
  const stays = [await hold(b.url, 'stays, its home is another node'), await hold(c.url, 'stays, its home was the frozen one')]
  // They are read there before, so that they are in its memory.
  for (const { hash } of [...gone, ...stays]) await untilStatus([c.url], hash, 200, 30_000)

  await c.kill('SIGSTOP')
  await Promise.all(gone.map(({ holder }) => holder.kill('SIGKILL')))
  await delay(ASLEEP_MS)
  // Some requests wait for it as it wakes, on connections that are open.
  const early = gone.map(({ hash }) => getRaw(c.url, hash))
  await delay(200)
  await c.kill('SIGCONT')
  const wokeAtMs = performance.now()
  const seen: Record<'gone' | 'stays', Set<number>> = { gone: new Set(), stays: new Set() }
  const watch = async (name: 'gone' | 'stays', hash: string) => {
    while (performance.now() - wokeAtMs < WATCHED_MS) {
      seen[name].add((await getRaw(c.url, hash)).status)
      await delay(20)
    }
  }
  await Promise.all([...gone.map(({ hash }) => watch('gone', hash)), ...stays.map(({ hash }) => watch('stays', hash))])
  for (const { status } of await Promise.all(early)) seen.gone.add(status)
  expect([...seen.gone], 'answers for what has gone').not.toContain(200)
  for (const { hash } of gone) await untilStatus([c.url], hash, 404, 30_000)
  expect([...seen.stays], 'answers for what is held').not.toContain(404)
  for (const { hash } of stays) await untilStatus([a.url, b.url, c.url], hash, 200, 30_000)
})

/** An inbox whose process is killed. `npm run show-messages-crash` does the same for longer. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { killKeepers } from '../../scripts/crash/kills.ts'
import { createRandom } from '../../scripts/crash/random.ts'
import { findProgram } from '../../scripts/test-programs.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

/** More for a long run: `MAYFLY_TEST_KILLS=200 vitest run test/faults/inbox-kills.test.ts`. */
const KILLS = Number(process.env.MAYFLY_TEST_KILLS ?? 15)
const KEEPER = fileURLToPath(new URL('../../scripts/crash/keeper.ts', import.meta.url))

test(
  'inbox: killed at random moments, it has each message that it said to have, once, as it was sent',
  async () => {
    const seed = Date.now() % 2 ** 31
    const path = join(await createTemporaryDirectory(), 'inbox.db')
    const report = await killKeepers({ path, kills: KILLS, minAcknowledged: 50 * KILLS, random: createRandom(seed), maxRunMs: 100 })
    expect(report, `seed ${seed}`).toMatchObject({ lost: 0, twice: 0, altered: 0, refused: 0 })
    expect(report.acknowledged).toBeGreaterThanOrEqual(50 * KILLS)
  },
  60_000 + 2_000 * KILLS,
)

/** With 16 at once most groups are synced in another thread (group-commit.ts). */
test.for([1, 16])(
  'inbox: the disk has said that it has the log before a message is said to be stored (%i at once)',
  async (atOnce, context) => {
    const strace = findProgram('strace')
    context.skip(strace === undefined, 'no strace on this machine; on Debian, as root: apt-get install strace')
    const directory = await createTemporaryDirectory()
    const trace = join(directory, 'trace')
    const messages = 24 * atOnce
    const calls = 'trace=openat,close,write,pwrite64,fsync,fdatasync'
    const keeper = [process.execPath, KEEPER, join(directory, 'inbox.db'), '1', String(messages), String(atOnce)]
    const child = spawn(strace as string, ['-f', '-y', '-e', calls, '-o', trace, ...keeper], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk
    })
    child.stdout.resume()
    const [code] = await once(child, 'close')
    context.skip(code !== 0 && /PTRACE|ptrace|Operation not permitted/.test(said), 'this machine lets nobody trace a process')
    expect([code, said]).toEqual([0, ''])

    let unsynced = false
    let syncs = 0
    /** By other threads than SQLite's. */
    let elsewhere = 0
    let writer = ''
    /** Threads whose sync another thread's line has cut in two. */
    const syncing = new Set<string>()
    let acknowledged = 0
    for (const line of (await readFile(trace, 'utf8')).split('\n')) {
      const [thread = ''] = line.split(' ')
      if (/ pwrite64\(\d+<[^>]*inbox\.db-wal>/.test(line)) {
        unsynced = true
        writer = thread
        syncing.clear() // a sync that began before need not bring this to the disk
      } else if (/ f(?:data)?sync\(\d+<[^>]*inbox\.db-wal> <unfinished/.test(line)) syncing.add(thread)
      else if (
        / f(?:data)?sync\(\d+<[^>]*inbox\.db-wal>\)\s+= 0/.test(line) ||
        (/<\.\.\. f(?:data)?sync resumed>\)\s+= 0/.test(line) && syncing.delete(thread))
      ) {
        unsynced = false
        syncs++
        if (thread !== writer) elsewhere++
      } else if (/ write\(1<[^>]*>, "\d+\\n"/.test(line)) {
        acknowledged++
        expect([unsynced, syncs * atOnce >= acknowledged], line).toEqual([false, true])
      }
    }
    expect(acknowledged).toBe(messages)
    expect(elsewhere > 0).toBe(atOnce > 1)
  },
)

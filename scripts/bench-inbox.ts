/**
 * How many messages a second an inbox stores durably: one at a time, and many under way. Beside it, in the same run and on the same disk,
 * a bare SQLite table with the same durability and as many rows to a commit: what is more in ours is indexes, the search, checksums and
 * who may write.
 *
 *   npm run bench -- inbox
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Message } from '../node/messages/types.ts'
import { openInbox } from '../node/server/inbox/inbox.ts'
import { type Bench, runBench } from './bench/report.ts'
import { digits, p50, p95 } from './bench/samples.ts'
import { KEEPER_END, KEEPER_HASHNAME, messageOf } from './crash/keeper.ts'

const UNDER_WAY = [1, 8, 32, 256, 1_024]
const ONE_BY_ONE = 1_500
const MESSAGES = 20_000

interface Measured {
  perSecond: number
  latencies: number[]
}

async function measureInbox(path: string, messages: Message[], underWay: number): Promise<Measured> {
  const inbox = openInbox({ path, hashname: KEEPER_HASHNAME, senderRate: 0 })
  const latencies: number[] = []
  let next = 0
  const work = async () => {
    for (let message = messages[next++]; message !== undefined; message = messages[next++]) {
      const startedAtMs = performance.now()
      const [kept] = await inbox.keep(KEEPER_END, [message])
      if (kept !== 'stored') throw new Error(`not stored: ${kept}`)
      latencies.push(performance.now() - startedAtMs)
    }
  }
  const startedAtMs = performance.now()
  await Promise.all(Array.from({ length: underWay }, work))
  const perSecond = (messages.length * 1_000) / (performance.now() - startedAtMs)
  inbox.close()
  return { perSecond, latencies }
}

function measureBare(path: string, messages: Message[], rowsPerCommit: number): number {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (id BLOB PRIMARY KEY, envelope BLOB, body BLOB)')
  const insert = database.prepare('INSERT INTO rows VALUES (?, ?, ?)')
  const startedAtMs = performance.now()
  for (let i = 0; i < messages.length; i += rowsPerCommit) {
    database.exec('BEGIN')
    for (const { id, envelope, body } of messages.slice(i, i + rowsPerCommit)) insert.run(id, envelope, body)
    database.exec('COMMIT')
  }
  const perSecond = (messages.length * 1_000) / (performance.now() - startedAtMs)
  database.close()
  return perSecond
}

async function measure(bench: Bench): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'mayfly-bench-inbox-'))
  bench.stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const rows: string[][] = []
  for (const underWay of UNDER_WAY) {
    const messages = Array.from({ length: underWay === 1 ? ONE_BY_ONE : MESSAGES }, (_, i) => messageOf(i))
    bench.step(`${underWay} under way`)
    const { perSecond, latencies } = await measureInbox(join(directory, `${underWay}.db`), messages, underWay)
    const bare = measureBare(join(directory, `${underWay}.bare`), messages, underWay)
    rows.push([underWay, perSecond, p50(latencies), p95(latencies), bare, perSecond / bare].map((figure) => digits(figure)))
    bench.judge({
      what: `stored durably, ${underWay} under way`,
      value: `${digits(perSecond)}/s, ${digits(perSecond / bare)} of a bare table`,
    })
  }
  bench.table('Messages stored durably', ['under way', 'per second', 'p50, ms', 'p95, ms', 'bare table per second', 'ratio'], rows)
}

if (import.meta.main) await runBench('inbox', measure)

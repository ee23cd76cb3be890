/**
 * Shows that an acknowledged message is on the disk: a process that keeps messages as fast as it can is killed with SIGKILL at random moments,
 * 200 times over one inbox, until at least 50,000 are acknowledged; then each of these must be there, once, as it was sent. Ends with 1 where
 * one is not.
 *
 *   npm run show-messages-crash                  some minutes
 *   npm run show-messages-crash -- 20 5000       so many kills, and so many messages at least
 *   npm run show-messages-crash -- 20 5000 7     with the random numbers of this seed
 *   npm run show-messages-crash -- --json        the figures as JSON
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killKeepers } from './crash/kills.ts'
import { createRandom } from './crash/random.ts'

const KILLS = 200
const MIN_ACKNOWLEDGED = 50_000
const MAX_RUN_MS = 300

const isJson = process.argv.includes('--json')
const given = process.argv.slice(2).filter((argument) => argument !== '--json')
const [kills = KILLS, minAcknowledged = MIN_ACKNOWLEDGED, seed = Date.now() % 2 ** 31] = given.map(Number)
const directory = mkdtempSync(join(tmpdir(), 'mayfly-crash-'))
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))

const report = await killKeepers({
  path: join(directory, 'inbox.db'),
  kills,
  minAcknowledged,
  random: createRandom(seed),
  maxRunMs: MAX_RUN_MS,
  onKill: (done, acknowledged) => {
    if (!isJson && done % 20 === 0) console.log(`${done} kills, ${acknowledged.toLocaleString('en')} acknowledged`)
  },
})
if (isJson) console.log(JSON.stringify({ seed, ...report }))
else {
  console.log(`seed          ${seed}`)
  for (const [name, value] of Object.entries(report)) console.log(`${name.padEnd(13)} ${value.toLocaleString('en')}`)
}
process.exitCode = report.lost + report.twice + report.altered + report.refused === 0 ? 0 : 1

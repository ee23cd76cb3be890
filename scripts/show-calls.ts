/**
 * Shows that every call ends: 100,000 calls between peers that come and go, in memory, with ends drawn at random. Ends with 1 where a call ended in a
 * way that it may not, a handler ran twice, or memory grew.
 *
 *   npm run show-calls                  about a minute
 *   npm run show-calls -- 10000 7       so many calls, with the random numbers of this seed
 *   npm run show-calls -- --json        the figures as JSON
 */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { runCallSoak } from './bench/call-soak.ts'
import { createRandom } from './crash/random.ts'

const CALLS = 100_000
const MIB = 1_048_576
/** How far two collections of the same heap differ. */
const NOISE_BYTES = 2 * MIB

const isJson = process.argv.includes('--json')
const given = process.argv.slice(2).filter((argument) => argument !== '--json')
const [calls = CALLS, seed = Date.now() % 2 ** 31] = given.map(Number)

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const measureHeap = () => {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

let firstBytes = 0
let unhandled = 0
process.on('unhandledRejection', (error) => {
  unhandled++
  console.error('unhandled:', error)
})
const report = await runCallSoak({
  calls,
  random: createRandom(seed),
  onProgress(done) {
    if (done === Math.floor(calls / 5_000) * 1_000) firstBytes = measureHeap()
    if (!isJson && done % 10_000 === 0) console.error(`${done.toLocaleString('en')} calls`)
  },
})
await new Promise((resolve) => setTimeout(resolve, 500)) // timers of the last calls
const lastBytes = measureHeap()
const grownBytes = lastBytes - firstBytes
if (isJson) console.log(JSON.stringify({ seed, ...report, firstBytes, lastBytes, unhandled }))
else {
  const { ends, wrong, ...counts } = report
  for (const [name, value] of Object.entries({ seed, ...counts, unhandled }))
    console.log(`${name.padEnd(12)} ${value.toLocaleString('en')}`)
  for (const [kind, ways] of Object.entries(ends)) console.log(`${kind.padEnd(20)} ${JSON.stringify(ways)}`)
  console.log(
    `heap         ${(firstBytes / MIB).toFixed(1)} MiB after a fifth of the calls, ${(lastBytes / MIB).toFixed(1)} MiB in the end`,
  )
  if (wrong.length > 0) console.log('wrong       ', wrong)
}
process.exitCode = report.wrong.length + report.ranTwice + unhandled === 0 && grownBytes < NOISE_BYTES ? 0 : 1

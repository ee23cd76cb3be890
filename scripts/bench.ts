/**
 * Runs the benchmarks, one after the other, each a process of its own with a time by which it has to have ended, and prints one summary.
 * Figures of one machine say little: each stands beside its comparison of the same run.
 *
 *   npm run bench                    all
 *   npm run bench -- read gateway    those named
 *   npm run bench -- --write         writes what was found into the documents, too
 *
 * A benchmark with a figure within a tenth of its bar runs twice more, and the middle figure counts.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpus, loadavg } from 'node:os'
import { type Finding, type Findings, isNear, middleFindings, printSummary } from './bench/report.ts'
import { writeFigures } from './figures/written.ts'

/** By name, with the longest that each may take, in seconds. */
const BENCHES: Readonly<Record<string, number>> = {
  read: 200,
  tabs: 180,
  leave: 120,
  gateway: 90,
  paint: 150,
  bulk: 600,
  lookup: 200,
  meeting: 400,
  growth: 3_600,
  presence: 280,
  pieces: 120,
  inbox: 90,
  messages: 480,
  strangers: 300,
  bundle: 240,
  start: 300,
  calls: 300,
  people: 480,
  relayed: 180,
  sharing: 1_500,
}

/** Resolves with the results of the benchmark, or undefined when it failed or took too long. */
async function runOnce(name: string, limitS: number): Promise<Findings | undefined> {
  // A group of its own, so that whatever it started can be ended with it.
  const child = fork(new URL(`bench-${name}.ts`, import.meta.url), { detached: true })
  const end = () => endGroup(child.pid)
  process.once('exit', end)
  let found: Findings | undefined
  child.on('message', (message: Findings) => {
    found = message
  })
  const timer = setTimeout(() => {
    console.error(`\n${name} was not done after ${limitS} s`)
    found = undefined
    end()
  }, limitS * 1_000)
  const [code] = await once(child, 'exit')
  clearTimeout(timer)
  end()
  process.off('exit', end)
  return code === 0 ? found : undefined // a benchmark that failed has found a part of its figures only
}

async function run(name: string, limitS: number): Promise<Findings | undefined> {
  const found = await runOnce(name, limitS)
  const near = found?.findings.filter(isNear) ?? []
  if (found === undefined || near.length === 0) return found
  console.log(`\nTwice more, since these are within a tenth of their bars: ${near.map(({ what }) => what).join('; ')}`)
  const again = [await runOnce(name, limitS), await runOnce(name, limitS)].flatMap((each) => (each === undefined ? [] : [each.findings]))
  return { ...found, findings: middleFindings(found.findings, again) }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended already.
  }
}

async function runAll(names: string[], isWritten: boolean): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name))
  if (unknown.length > 0) {
    console.error(`There is no benchmark ${unknown.join(', ')}: expected some of ${Object.keys(BENCHES).join(', ')}`)
    process.exitCode = 2
    return
  }
  const startedAtMs = performance.now()
  const load = loadavg()[0] ?? 0
  console.log(`Node.js ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim()}, load before the start ${load.toFixed(1)}`)
  const findings: Finding[] = []
  const failed: string[] = []
  for (const [name, limitS] of Object.entries(BENCHES)) {
    if (names.length > 0 && !names.includes(name)) continue
    const found = await run(name, limitS)
    if (found === undefined) failed.push(name)
    else {
      findings.push(...found.findings)
      if (isWritten) writeFigures(name, found, load)
    }
  }
  printSummary(findings)
  console.log(`\nAll of it took ${Math.round((performance.now() - startedAtMs) / 1_000)} s`)
  if (failed.length === 0) return
  console.error(`Not done: ${failed.join(', ')}`)
  process.exitCode = 1
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const parameters = process.argv.slice(2)
await runAll(
  parameters.filter((each) => each !== '--write'),
  parameters.includes('--write'),
)

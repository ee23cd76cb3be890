/**
 * Simulates a network of many nodes: the product's own placement, records, leases, watches and finds, in virtual time and without libp2p. A run
 * is the same for the same seed.
 *
 *   npm run simulate                                         churn, 64 nodes
 *   npm run simulate -- half --nodes 128 --silent 1          half of the nodes fall silent at once
 *   npm run simulate -- churn --seed 7 --plot churn.svg      another run, and its picture
 *   npm run simulate -- groups --nodes 1000                  servers in groups, as issue 14 has them, with the bars that it sets
 */

import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { GROUP_SCENARIOS } from './simulate/groups/group-scenarios.ts'
import { drawMoments } from './simulate/plot.ts'
import { SCENARIOS as MESH_SCENARIOS, type ScenarioOptions } from './simulate/scenarios.ts'

const SCENARIOS = { ...MESH_SCENARIOS, ...GROUP_SCENARIOS }

/** By option: what it is when it is left out, and in words. */
const OPTIONS: Readonly<Record<string, [value: string, words: string]>> = {
  seed: ['1', 'a run is the same for the same seed'],
  nodes: ['64', 'servers'],
  tabs: ['200', 'tabs, each at a node'],
  keys: ['5', 'keys that each tab holds'],
  seconds: ['120', 'how long the part that counts lasts'],
  finds: ['1000', 'finds of held keys in that time'],
  releases: ['200', 'keys released in that time'],
  median: ['600', 'seconds that half of the nodes stay, at least; 0: nobody leaves'],
  silent: ['0.2', 'the part of leaving nodes whose sockets stay open'],
  rtt: ['50', 'round trip between two nodes, ms'],
  floor: ['0', 'groups of more servers are split; 0: of more than 48'],
  audit: ['32', 'leases of its own that a home of a group looks for at one time'],
}

function usage(): string {
  const options = Object.entries(OPTIONS).map(([name, [value, words]]) => `  --${name.padEnd(10)} ${words} (${value})`)
  return [`Usage: npm run simulate -- [${Object.keys(SCENARIOS).join('|')}] [options]`, ...options, '  --plot FILE  writes an SVG'].join(
    '\n',
  )
}

/** @throws what is wrong with the arguments, in words */
function readArguments(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      ...Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, { type: 'string' as const }])),
      plot: { type: 'string' },
    },
  })
  if (values.help) {
    console.log(usage())
    process.exit(0)
  }
  const given = values as Record<string, string | undefined>
  const [name = 'churn', ...more] = positionals
  const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined
  if (scenario === undefined || more.length > 0) throw new Error(`There is no scenario ${positionals.join(' ')}`)
  const numberOf = (option: string) => {
    const text = given[option] ?? OPTIONS[option]?.[0]
    const value = Number(text)
    if (text === '' || !Number.isFinite(value) || value < 0) throw new Error(`--${option} must be a number from 0, not ${text}`)
    return value
  }
  const options: ScenarioOptions = {
    seed: numberOf('seed'),
    nodes: numberOf('nodes'),
    tabs: numberOf('tabs'),
    keysPerTab: numberOf('keys'),
    lastsMs: numberOf('seconds') * 1_000,
    finds: numberOf('finds'),
    releases: numberOf('releases'),
    medianSessionMs: numberOf('median') * 1_000,
    silentShare: numberOf('silent'),
    rttMs: numberOf('rtt'),
    splitFloor: numberOf('floor'),
    audited: numberOf('audit'),
  }
  return { name, scenario, options, plot: given.plot }
}

let read: ReturnType<typeof readArguments>
try {
  read = readArguments(process.argv.slice(2))
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage()}`)
  process.exit(2)
}

const { name, scenario, options, plot } = read
const startedAtMs = performance.now()
const { figures, moments, bars = [] } = await scenario(options)
for (const [figure, value] of Object.entries(figures)) console.log(`${figure.padEnd(42)} ${value.toLocaleString('en')}`)
for (const { figure, value, bar, isMet } of bars) console.log(`${isMet ? 'met    ' : 'NOT MET'} ${figure}: ${value} (${bar})`)
console.log(`${name}, seed ${options.seed}: simulated in ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`)
if (plot !== undefined) await writeFile(plot, drawMoments(`${name}, ${options.nodes} nodes, seed ${options.seed}`, moments))

/**
 * Walks through the first page of the README as a stranger does, in a terminal and a Chromium, in a fresh clone of this repository as it is
 * committed: takes the commands out of README.md, runs them in order, opens the link, and says of each statement beside them whether it is so.
 * Ends with 1 where one is not, and where the README says something that no check below knows. Ports 4000, 4001 and 4100 must be free.
 *
 *   npm run show-readme
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { homedir, networkInterfaces, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from 'playwright-core'
import { readReadme } from './bench/readme-page.ts'
import { createTerminal, type Terminal } from './bench/terminal.ts'
import { waitUntil } from './bench/wait.ts'
import { findChromium } from './chromium.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const APP = 'http://localhost:4000'
/** The installation downloads all packages. */
const INSTALL_MS = 900_000
/** A step waits as long as a busy machine may need. */
const LONG_MS = 180_000

const folder = mkdtempSync(join(tmpdir(), 'mayfly-readme-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const clone = join(folder, 'mayfly')
/** A stranger's: the system's own Node.js, a home of its own, and packages that npm has downloaded before. */
const env = {
  PATH: (process.env.PATH ?? '')
    .split(delimiter)
    .filter((each) => !each.includes('node_modules'))
    .join(delimiter),
  HOME: folder,
  npm_config_cache: process.env.npm_config_cache ?? join(homedir(), '.npm'),
  npm_config_prefer_offline: 'true',
}

interface Walk {
  terminals: Terminal[]
  page: Page
  newPage(): Promise<Page>
  link: string
}

/** Runs a line of the README in a terminal of its own. */
function run(walk: Walk, command: string): Terminal {
  const terminal = createTerminal(command, { cwd: clone, env })
  walk.terminals.push(terminal)
  return terminal
}

const hashIn = (link: string) => new URL(link).pathname.slice(1)
const holders = async (hash: string): Promise<number> => (await (await fetch(`${APP}/api/v1/holders/${hash}`)).json()).holders
const statusOf = async (url: string) => (await fetch(url).catch(() => undefined))?.status
const soon = (condition: () => boolean | Promise<boolean>) =>
  waitUntil(condition, LONG_MS, '').then(
    () => true,
    () => false,
  )
const firstNetwork = () =>
  Object.values(networkInterfaces())
    .flat()
    .find((info) => info?.family === 'IPv4' && !info.internal)?.address

/** By a word of each command and each sentence, in the order of the page: does it, and says whether the statement is so. */
const CHECKS: Record<string, (walk: Walk, text: string) => Promise<boolean>> = {
  'With nothing but': async () => Number.parseInt(execFileSync('node', ['--version'], { env, encoding: 'utf8' }).slice(1), 10) >= 20,
  'npm start  ': async (walk, command) => {
    await run(walk, command).says('mayfly runs at', INSTALL_MS)
    return (await statusOf(APP)) === 200
  },
  'echo ': async (walk, command) => {
    walk.link = await run(walk, command).says('http', LONG_MS)
    return (await statusOf(walk.link)) === 200
  },
  'Open the link in a browser': async (walk) => {
    await walk.page.goto(walk.link)
    await walk.page.locator('section#content').getByText('Fresh bread today').waitFor({ timeout: LONG_MS })
    return soon(async () => (await holders(hashIn(walk.link))) === 2)
  },
  'Press Ctrl-C in the second terminal': async (walk) => {
    await walk.terminals[1]?.interrupt()
    const isOne = await soon(async () => (await holders(hashIn(walk.link))) === 1)
    return isOne && (await statusOf(walk.link)) === 200 && /you/i.test(await walk.page.getByTestId('count').first().innerText())
  },
  'Close the tab and open the link again': async (walk) => {
    await walk.page.close()
    await soon(async () => (await holders(hashIn(walk.link))) === 0)
    walk.page = await walk.newPage()
    await walk.page.goto(walk.link)
    return soon(async () => /nobody holds/i.test(await walk.page.innerText('body')))
  },
  '--port 4001': async (walk, command) => {
    await run(walk, command).says('mayfly runs at', LONG_MS)
    const hold = run(walk, 'echo "Shown by both" | npm run -s mayfly -- hold -')
    const path = new URL(await hold.says('http', LONG_MS)).pathname
    return soon(async () => (await statusOf(`http://localhost:4001${path}`)) === 200)
  },
  'receive ': async (walk, command) => {
    await run(walk, command).says('http://localhost:4100', LONG_MS)
    return (await statusOf('http://localhost:4100')) === 200
  },
  'send ': async (walk, command) => (await run(walk, command).says('stored', LONG_MS)).startsWith('stored by 1 receiver'),
  'curl ': async (walk, command) => {
    await run(walk, `${command} -s`).ended()
    return soon(async () => (await (await fetch('http://localhost:4100')).text()).includes('Fresh bread today'))
  },
  'A node listens to its own machine only': async () => {
    const address = firstNetwork()
    return address === undefined || (await statusOf(`http://${address}:4000`)) === undefined
  },
  '--host 0.0.0.0': async (walk, sentence) => {
    await walk.terminals[0]?.interrupt()
    const command = /`([^`]+)`/.exec(sentence)?.[1] ?? ''
    const terminal = run(walk, command)
    await terminal.says('mayfly runs at', LONG_MS)
    if (firstNetwork() === undefined) return true
    const url = (await terminal.says('for other machines: ', LONG_MS)).split(' ').at(-1) ?? ''
    return (await statusOf(url)) === 200
  },
}

function reportProblem(error: unknown): false {
  console.error(error)
  return false
}

async function walkThrough(): Promise<boolean> {
  execFileSync('git', ['clone', '--quiet', ROOT, clone])
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('There is no Chromium: npm test says how to install one')
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
  const context = await browser.newContext()
  const newPage = () => context.newPage()
  const walk: Walk = { terminals: [], page: await newPage(), newPage, link: '' }
  const startedAtMs = performance.now()
  let untrue = 0
  const steps = readReadme(readFileSync(join(clone, 'README.md'), 'utf8'), 'Try it')
  try {
    for (const text of steps) {
      const check = Object.entries(CHECKS).find(([word]) => text.includes(word))?.[1]
      const isTrue = check !== undefined && (await check(walk, text).catch(reportProblem))
      if (!isTrue) untrue++
      console.log(`${String(isTrue).padEnd(5)} ${text}${check === undefined ? '  (no check knows this)' : ''}`)
    }
  } finally {
    await browser.close()
    await Promise.all(walk.terminals.map((terminal) => terminal.interrupt()))
  }
  console.log(`steps   ${steps.length}`)
  console.log(`seconds ${Math.round((performance.now() - startedAtMs) / 1_000)}`)
  console.log(`untrue  ${untrue}`)
  return untrue === 0
}

process.exit((await walkThrough()) ? 0 : 1)

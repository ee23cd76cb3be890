/** The examples of people that run in Node.js, as programs of their own. */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { createLineLog, type LineLog } from '../helpers/line-log.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { waitFor } from '../helpers/wait-for.ts'

function runExample(name: string, args: readonly string[]): LineLog {
  const file = fileURLToPath(new URL(`../../scripts/examples/${name}.ts`, import.meta.url))
  const example = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void example.kill('SIGKILL'))
  return createLineLog(example.stdout)
}

it('echo: each of three programs prints two answers', async () => {
  const node = await startNodeProcess()
  const programs = [1, 2, 3].map(() => runExample('echo', [node.url]))
  await waitFor(
    () => programs.every(({ lines }) => lines.length >= 2),
    60_000,
    () => JSON.stringify(programs.map(({ lines }) => lines)),
  )
  for (const { lines } of programs) expect(lines).toEqual(['Not Friday', 'Not Friday'])
})

it('an object whose methods others call, by Cap’n Web over a channel', async () => {
  const node = await startNodeProcess()
  const serving = runExample('remote-object', [node.url, 'serve'])
  await serving.waitFor((line) => line === 'serving')
  const one = runExample('remote-object', [node.url, 'ask'])
  await one.waitFor((line) => line === '5')
  const other = runExample('remote-object', [node.url, 'ask'])
  await other.waitFor((line) => line === '10')
  expect([one.lines, other.lines]).toEqual([
    ['2', '5'],
    ['7', '10'],
  ])
})

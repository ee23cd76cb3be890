/** How `npm run check` runs its parts. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runBeside } from '../../scripts/checks/run-beside.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Runs until it is ended, and has made the file once its handler is there; another tells that it was ended by a signal. */
const lasting = (begun: string, ended: string) => [
  '-e',
  `const { writeFileSync } = require('node:fs')
  process.on('SIGTERM', () => { writeFileSync(${JSON.stringify(ended)}, ''); process.exit(0) })
  writeFileSync(${JSON.stringify(begun)}, '')
  setInterval(() => {}, 1_000)`,
]
/** Ends with 1 as soon as the file is there. */
const failing = (begun: string, words: string) => [
  '-e',
  `const look = () => {
    if (!require('node:fs').existsSync(${JSON.stringify(begun)})) return setTimeout(look, 5)
    console.error(${JSON.stringify(words)})
    process.exitCode = 1
  }
  look()`,
]

function makeFiles() {
  const directory = mkdtempSync(join(tmpdir(), 'mayfly-beside-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return { begun: join(directory, 'begun'), ended: join(directory, 'ended') }
}

test('beside: what runs in turn is kept, in its order, and is over only when the other is', async () => {
  const all = await runBeside(
    [
      ['-p', '1'],
      ['-p', '2'],
    ],
    ['-e', '0'],
  )
  expect(all.map(({ printed }) => printed.trim())).toEqual(['1', '2'])
})

test('beside: the first that fails ends the other, and what it printed is told', async () => {
  const { begun, ended } = makeFiles()
  await expect(runBeside([failing(begun, 'a fault'), ['-p', '2']], lasting(begun, ended))).rejects.toThrow('a fault')
  expect(existsSync(ended)).toBe(true)
})

test('beside: when the other fails, what runs in turn is ended, and the rest is not begun', async () => {
  const { begun, ended } = makeFiles()
  const never = join(begun, '..', 'never')
  const rest = ['-e', `require('node:fs').writeFileSync(${JSON.stringify(never)}, '')`]
  await expect(runBeside([lasting(begun, ended), rest], failing(begun, ''))).rejects.toThrow()
  expect([existsSync(ended), existsSync(never)]).toEqual([true, false])
})

test('beside: an abort ends all, with its reason', async () => {
  const [one, other] = [makeFiles(), makeFiles()]
  const controller = new AbortController()
  const run = runBeside([lasting(one.begun, one.ended)], lasting(other.begun, other.ended), controller.signal)
  const failed = expect(run).rejects.toThrow('enough')
  await waitFor(() => existsSync(one.begun) && existsSync(other.begun), 20_000, 'both run')
  controller.abort(new Error('enough'))
  await failed
  expect([existsSync(one.ended), existsSync(other.ended)]).toEqual([true, true])
})

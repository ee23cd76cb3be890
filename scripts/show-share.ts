/**
 * Shows a share with three receivers in two kinds of browsers: two in Chromium and one in Firefox receive from one Chromium tab. One is reloaded
 * at half, one leaves, a file is removed and one added meanwhile. Prints each step, compares the bytes on disk and the words on each screen, and
 * ends with 1 where one is not as it should be.
 *
 *   npm run show-share                        200 MiB: some minutes
 *   npm run show-share -- 8388608             so many bytes
 *   npm run show-share -- 8388608 pictures    with pictures of all screens in the folder
 */

import { mkdirSync } from 'node:fs'
import { temporaryDirectory } from './bench/large-tab.ts'
import { startNode } from './bench/mayfly-network.ts'
import { playShareScene } from './bench/share-scene.ts'
import { missingFor } from './engines.ts'

const DEFAULT_BYTES = 200 * 2 ** 20
const STEP_MS = 900_000

async function show(bytes: number, pictures: string | undefined): Promise<boolean> {
  const missing = (['chromium', 'firefox'] as const).flatMap(missingFor)
  if (missing.length > 0) throw new Error(`Not on this machine: apt-get install ${missing.join(' ')}`)
  if (pictures !== undefined) mkdirSync(pictures, { recursive: true })
  await using node = await startNode()
  const startedAtMs = performance.now()
  const say = (line: string) => console.log(`${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s  ${line}`)
  const faults = await playShareScene({ url: node.url, directory: temporaryDirectory(), bytes, stepMs: STEP_MS, say, pictures })
  for (const fault of faults) console.log(`NOT RIGHT  ${fault}`)
  say(faults.length === 0 ? `${bytes.toLocaleString('en')} bytes: right bytes and right words on every screen` : 'ended')
  return faults.length === 0
}

const [bytes, pictures] = process.argv.slice(2)
process.exitCode = (await show(bytes === undefined ? DEFAULT_BYTES : Number(bytes), pictures)) ? 0 : 1

/**
 * Builds the command once for all tests of a run, from the sources as they are now: started from its sources, each of some hundred processes would
 * load 700 modules. Its folder is named by its contents, so that runs beside each other, and one after another, share it.
 */

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { bundleCommand } from '../../scripts/command-bundle.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the built command's `main.js`. */
    mayflyMain: string
  }
}

/** Not in version control, as all folders of this name. */
const FOLDER = fileURLToPath(new URL('../dist/', import.meta.url))
/** No run of tests takes as long, so a build that was last used before is used by none. */
const KEPT_MS = 24 * 60 * 60_000

export async function setup(project: TestProject): Promise<void> {
  project.provide('mayflyMain', await writeCommand(FOLDER))
}

/** Returns the path of its `main.js`. */
async function writeCommand(folder: string): Promise<string> {
  const files = await bundleCommand()
  const digest = createHash('sha256')
  for (const [name, text] of files) digest.update(`${name}\0${text.length}\0${text}`)
  const place = join(folder, digest.digest('hex').slice(0, 16))
  mkdirSync(folder, { recursive: true })
  removeUnused(folder)
  if (existsSync(place)) {
    utimesSync(place, new Date(), new Date())
    return join(place, 'main.js')
  }
  const making = mkdtempSync(join(folder, 'making-'))
  for (const [name, text] of files) writeFileSync(join(making, name), text)
  try {
    renameSync(making, place) // whole or not at all: another run may start it at once
  } catch (error) {
    if (!existsSync(place)) throw error
    rmSync(making, { recursive: true }) // another run has been sooner
  }
  return join(place, 'main.js')
}

function removeUnused(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const changedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - changedMs > KEPT_MS) rmSync(path, { recursive: true, force: true })
  }
}

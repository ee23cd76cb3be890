/** Where this machine's Chromium is. Installing one is `install-chromium.ts`. */

import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright-core'

/** Names in the order tried: Debian's, Ubuntu's, then Chrome itself, which runs the same tests. */
const PROGRAM_NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
const VERSION_TIMEOUT_MS = 20_000

/**
 * The Chromium to test with: CHROMIUM_PATH where it is set, else one on the PATH, else the one that playwright-core installed.
 * Undefined when there is none.
 */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.CHROMIUM_PATH) return isProgram(env.CHROMIUM_PATH) ? env.CHROMIUM_PATH : undefined
  const onPath = PROGRAM_NAMES.flatMap((name) => (env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)))
  return [...onPath, chromium.executablePath()].find(isProgram)
}

/** Version line, for example `Chromium 156.0.1.2`; undefined when the browser does not run (a placeholder, a missing library). */
export function chromiumVersion(path: string): string | undefined {
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: VERSION_TIMEOUT_MS })
  return status === 0 && /chrom/i.test(stdout) ? stdout.trim() : undefined
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

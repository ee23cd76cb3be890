/** Copies of this tree without installed packages and built files, as a fresh clone, for tests of the set-up. */

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Copies into a folder the files that git would commit now, changed ones as they are. */
export function cloneInto(folder: string): void {
  const listing = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' })
  const files = listing.split('\0').filter((file) => file !== '' && existsSync(join(ROOT, file)))
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(ROOT, file), join(folder, file))
  }
}

/**
 * The environment of somebody's shell: the system's own Node.js and npm, and nothing of the npm script that runs the tests.
 * Packages that npm has downloaded before come from its cache.
 */
export function systemEnvironment(): NodeJS.ProcessEnv {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'))
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE|TEST$|MAYFLY_)/i.test(name))
  return { ...Object.fromEntries(inherited), PATH: path.join(delimiter), npm_config_prefer_offline: 'true' }
}

/** Debian's packages, for the set-up: installed where that is possible without asking anybody. */

import { spawnSync } from 'node:child_process'

/** Runs a program, its words on stderr: stdout belongs to the command that comes after the set-up. */
export function run(program: string, args: string[]): boolean {
  console.error(`mayfly set-up: ${program} ${args.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync(program, args, { stdio: ['ignore', 2, 2], env }).status === 0
}

/** True when they are installed now; false where there is no apt-get, or no right to use it. */
export function installWithApt(packages: string[]): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  // The list of packages on a new machine is old or empty.
  return run('apt-get', ['update']) && run('apt-get', ['install', '-y', '--no-install-recommends', ...packages])
}

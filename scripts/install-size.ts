/**
 * How large a production install is: `npm ci --omit=dev` of this manifest and lockfile in a temporary folder, then the number of
 * packages, their size, and the largest of them as a table. Nothing here judges; `test/setup/production-install.test.ts` does.
 *
 *   node scripts/install-size.ts
 */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LARGEST_SHOWN = 12
const BYTES_PER_MB = 1_000_000

export interface InstalledPackage {
  /** Its folder below node_modules/; one that is nested in another has both names. */
  path: string
  version: string
  /** The sum of its files, in bytes, without the packages nested in it. */
  bytes: number
}

/** Installs the production packages of a folder's manifest and lockfile, without install scripts: none is needed. */
export function installProduction(folder: string, env: NodeJS.ProcessEnv = process.env): void {
  const args = ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { status, error } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 2, 2], env, shell: process.platform === 'win32' })
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed in ${folder}`, { cause: error })
}

/** The packages installed in a folder, largest first. */
export function measureInstall(folder: string): InstalledPackage[] {
  const lockfile: { packages: Record<string, { version: string }> } = JSON.parse(
    readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8'),
  )
  return Object.entries(lockfile.packages)
    .map(([path, { version }]) => ({ path: path.replaceAll('node_modules/', ''), version, bytes: sizeOf(join(folder, path)) }))
    .sort((a, b) => b.bytes - a.bytes)
}

function sizeOf(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory() && entry.name !== 'node_modules') bytes += sizeOf(join(folder, entry.name))
    if (entry.isFile()) bytes += statSync(join(folder, entry.name)).size
  }
  return bytes
}

function printTable(installed: InstalledPackage[]): void {
  const inMb = (bytes: number) => (bytes / BYTES_PER_MB).toFixed(1).padStart(6)
  const total = installed.reduce((sum, { bytes }) => sum + bytes, 0)
  console.log(`production install: ${installed.length} packages, ${inMb(total).trim()} MB\n`)
  for (const { path, version, bytes } of installed.slice(0, LARGEST_SHOWN)) console.log(`${inMb(bytes)} MB  ${path} ${version}`)
}

if (import.meta.main) {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-install-'))
  try {
    for (const file of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(ROOT, file), join(folder, file))
    installProduction(folder)
    printTable(measureInstall(folder))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Makes a clone ready to run, with nothing but Node.js 20 and npm: installs what the lockfile names and builds the tab. It does
 * only the missing steps, and reports them on stderr: stdout belongs to the command that comes after. Plain JavaScript without a
 * package, since it runs before there is one; what comes after the install is TypeScript, run by the package's own Node.js.
 *
 *   node scripts/setup.mjs [--install-only] [--rebuild] [--for-tests]
 *
 *   --install-only  the packages, and nothing else
 *   --rebuild       builds the tab even where it is up to date
 *   --for-tests     also what the tests run: a Chromium (scripts/install-chromium.ts), curl, aria2, nginx and others (scripts/test-programs.ts),
 *                   and, where it can, other browsers (scripts/engines.ts)
 */

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { takeLock } from './setup-lock.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Older ones do not bring the npm that reads this lockfile. */
const OLDEST_NODE = 20
const IS_WINDOWS = process.platform === 'win32'
const PACKAGE_NODE = join(ROOT, 'node_modules', 'node', 'bin', IS_WINDOWS ? 'node.exe' : 'node')
/** Sources of the built tab. The lockfile stands for the packages in it. */
const TAB_SOURCES = ['browser', 'node', 'vite.config.ts', 'vite.module.config.ts', 'tsconfig.json', 'package-lock.json']
const NOT_IN_THE_TAB = new Set([join('browser', 'dist'), join('node', 'server'), join('node', 'cli')])
/** Holds the digest of the sources that the tab beside it was built from. */
const TAB_STAMP = join(ROOT, 'browser', 'dist', '.built-from')
/** Two commands begun at once must not install into each other. */
const LOCK = join(ROOT, '.setup-lock')

const flags = new Set(process.argv.slice(2))
const wantsTab = !flags.has('--install-only')

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  fail(`mayfly needs Node.js ${OLDEST_NODE} or newer to set itself up; this is ${process.version}`)
}
const rebuild = flags.has('--rebuild')
if (rebuild || needsInstall() || (wantsTab && needsBuild())) {
  takeLock(LOCK, () => say('waiting for another set-up of this clone'))
  // Asked again: another set-up may have done it while this one waited.
  if (needsInstall()) install()
  if (wantsTab && (rebuild || needsBuild())) buildTab()
}
if (IS_WINDOWS) teachExec()
if (flags.has('--for-tests')) {
  run(PACKAGE_NODE, [join(ROOT, 'scripts', 'install-chromium.ts')])
  run(PACKAGE_NODE, [join(ROOT, 'scripts', 'test-programs.ts')])
  run(PACKAGE_NODE, [join(ROOT, 'scripts', 'engines.ts')])
}

/** Compares npm's list of installed packages with the lockfile. Packages for other platforms may be missing; Node.js may not. */
function needsInstall() {
  const installed = readPackages(join(ROOT, 'node_modules', '.package-lock.json'))
  const wanted = readPackages(join(ROOT, 'package-lock.json'))
  if (wanted === undefined) fail('package-lock.json is missing or no JSON: is this a whole clone?')
  if (installed === undefined || !existsSync(PACKAGE_NODE)) return true
  return Object.entries(wanted).some(([path, entry]) => {
    if (path === '') return false
    const found = installed[path]
    return found === undefined ? entry.optional !== true : found.version !== entry.version || found.integrity !== entry.integrity
  })
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

function install() {
  say('installing packages (once; about 500 MB, most of it tools for developers)')
  // --include=dev: the tools are needed to run from source, whatever NODE_ENV says. loglevel: most packages warn that the
  // system's Node.js is too old for them, and none of them will run on it.
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], { shell: IS_WINDOWS })
  if (!existsSync(PACKAGE_NODE)) {
    fail(
      'the package "node" did not install its binary: allow its install script, for example with npm rebuild node --ignore-scripts=false',
    )
  }
}

/**
 * Scripts say `exec node …`, so that the shell makes way and a signal to npm reaches mayfly. The shell of Windows has no `exec`,
 * but looks in node_modules/.bin for it.
 */
function teachExec() {
  writeFileSync(join(ROOT, 'node_modules', '.bin', 'exec.cmd'), '@%*\r\n')
}

function needsBuild() {
  return !existsSync(TAB_STAMP) || readFileSync(TAB_STAMP, 'utf8') !== digestSources()
}

function buildTab() {
  say('building the tab')
  const digest = digestSources()
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js')
  for (const config of ['vite.config.ts', 'vite.module.config.ts']) {
    run(PACKAGE_NODE, [vite, 'build', '--config', config, '--logLevel', rebuild ? 'info' : 'error'], { env: { NODE_ENV: 'production' } })
  }
  writeFileSync(TAB_STAMP, digest)
}

/** Compares contents, not times: a checkout or a copy changes times, and a needless build is slow. */
function digestSources() {
  const hash = createHash('sha256')
  for (const source of TAB_SOURCES) {
    const files = statSync(join(ROOT, source)).isDirectory() ? listFiles(source) : [source]
    for (const file of files) {
      hash.update(`\0${file}\0`)
      hash.update(readFileSync(join(ROOT, file)))
    }
  }
  return hash.digest('hex')
}

/** The files below a folder that the tab may be made from, in a stable order. */
function listFiles(folder) {
  if (NOT_IN_THE_TAB.has(folder)) return []
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => (entry.isDirectory() ? listFiles(join(folder, entry.name)) : [join(folder, entry.name)]))
}

/** Runs a program to its end, its stdout on our stderr; ends this process when it fails. */
function run(program, args, options = {}) {
  // Without this clone's own node_modules/.bin on the PATH: the Node.js in there is what npm may be about to replace.
  const env = { ...process.env, ...options.env }
  const pathName = Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH'
  const folders = (env[pathName] ?? '').split(delimiter).filter((folder) => folder !== join(ROOT, 'node_modules', '.bin'))
  env[pathName] = folders.join(delimiter)
  const { status, error } = spawnSync(program, args, { ...options, env, cwd: ROOT, stdio: ['ignore', 2, 2] })
  if (error !== undefined) fail(`cannot run ${program}: ${error.message}`)
  if (status !== 0) fail(`${program} ${args.join(' ')} ended with ${status ?? 'a signal'}`)
}

function say(text) {
  process.stderr.write(`mayfly set-up: ${text}\n`)
}

function fail(text) {
  say(text)
  process.exit(1)
}

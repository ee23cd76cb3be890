/**
 * The command as a few files with all that it loads: of its 700 modules each would be found, read and compiled by itself, which takes most of the
 * time of a short command. `npm run build:lib` puts it in the place of its modules; tests and benches have a folder of their own for it.
 */

import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'vite'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** The file that begins the command; others have names of their contents. */
const BUNDLE_MAIN = 'main.js'
/** Names, versions and texts of the licenses of the packages whose code is in the bundle. */
export const BUNDLE_LICENSES = 'licenses.md'
/** Where tests and benches have it; not in version control, as all folders of this name. */
const KEPT = join(ROOT, 'test', 'dist')
/** No run of tests or benches takes as long, so a bundle that was last used before is used by none. */
const KEPT_MS = 6 * 60 * 60_000

/** The bundle is made from these; the lockfile stands for the packages. */
const SOURCES = ['node', 'gateway', 'package-lock.json', 'tsconfig.json', 'scripts/command-bundle.ts']

/**
 * Files that short commands load whole: a file more costs about half a millisecond, the text of a module that is not needed much less. Each has
 * what its modules import at once, except what the files before it have.
 */
const SHORT_FILES = [
  shortFile('command', 3, /node\/cli\/command\.ts$/),
  shortFile('asking', 2, /node\/cli\/(fetch\/gateways-client|commands\/(get|holders)-command)\.ts$/),
  shortFile('sending', 1, /node\/cli\/commands\/send-command\.ts$/),
]

/** Commander imports it as a whole, for programs of their own as sub-commands, which mayfly has none of. */
const LATE_BUILTIN = 'node:child_process'

function shortFile(name: string, priority: number, test: RegExp) {
  return { name, priority, test }
}

/** A file's name, relative to the folder of the bundle, and its text. */
type BundledFile = [name: string, text: string]

/**
 * Bundles `node/cli/main.ts`, with files of their own for what is loaded later. They work in any folder of this package: what they read at run
 * time, they find by its package.json.
 *
 * @throws what Vite throws of sources that do not parse or resolve; when a module of this package is in none of SOURCES
 */
async function bundleCommand(): Promise<BundledFile[]> {
  const built = await build({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    plugins: [loadBuiltinsPlainly()],
    ssr: { noExternal: true },
    build: {
      ssr: 'node/cli/main.ts',
      target: 'node22',
      write: false,
      minify: false,
      license: { fileName: BUNDLE_LICENSES },
      rolldownOptions: {
        output: { entryFileNames: BUNDLE_MAIN, chunkFileNames: '[name]-[hash].js', codeSplitting: { groups: SHORT_FILES } },
      },
    },
  })
  if (!('output' in built)) throw new TypeError('Vite builds one bundle')
  for (const file of built.output) if (file.type === 'chunk') file.moduleIds.forEach(requireSource)
  return built.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : String(file.source)])
}

/**
 * Gets the modules of Node.js by a call: an import reads all that such a module exports, and some of that loads more of Node.js, as the report
 * of `node:process` and the comparisons of `node:util` do.
 */
function loadBuiltinsPlainly(): Plugin {
  return {
    name: 'load-builtins-plainly',
    renderChunk: (code) =>
      code.replaceAll(/^import ([^"'\n]+) from "(node:[\w/]+)";$/gm, (_, names: string, module: string) => getBuiltin(names, module)),
  }
}

/** @param names as an import has them: `a`, `{ a, b as c }`, `* as a`, or the first with one of the others */
function getBuiltin(names: string, module: string): string {
  const { whole, parts } = /^(?:(?:\* as )?(?<whole>[\w$]+)(?:, )?)?(?<parts>\{.*\})?$/.exec(names)?.groups ?? {}
  if (whole === undefined && parts === undefined) throw new SyntaxError(`Cannot read the import of ${names} from ${module}`)
  // Where there is no such call, the command says that Node.js is too old, see `node-version.ts`.
  const got = `globalThis.process.getBuiltinModule?.("${module}") ?? {}`
  const lines = parts === undefined ? [] : [`const ${parts.replaceAll(' as ', ': ')} = ${got};`]
  if (whole !== undefined)
    lines.push(`const ${whole} = ${module === LATE_BUILTIN ? `new Proxy({}, { get: (_, name) => (${got})[name] })` : got};`)
  return lines.join(' ')
}

/** A change of another file would not make a new bundle. */
function requireSource(module: string): void {
  const path = relative(ROOT, module).replaceAll('\\', '/')
  const isOwn = isAbsolute(module) && !path.startsWith('../') && !path.includes('node_modules/')
  if (isOwn && !SOURCES.some((source) => path.startsWith(`${source}/`)))
    throw new Error(`The command loads ${path}: add its folder to SOURCES`)
}

/**
 * Bundles the sources as they are now, unless that was done before, into a folder that is named by their contents, so that runs beside each other,
 * and one after another, share it. Returns the path of its first file.
 */
export async function keepCommand(): Promise<string> {
  const place = join(KEPT, digestSources())
  mkdirSync(KEPT, { recursive: true })
  removeUnused(KEPT)
  if (existsSync(place)) {
    utimesSync(place, new Date(), new Date())
    return join(place, BUNDLE_MAIN)
  }
  const making = mkdtempSync(join(KEPT, 'making-'))
  writeFiles(making, await bundleCommand())
  try {
    renameSync(making, place) // whole or not at all: another run may start it at once
  } catch (error) {
    if (!existsSync(place)) throw error
    rmSync(making, { recursive: true }) // another run has been sooner
  }
  return join(place, BUNDLE_MAIN)
}

function digestSources(): string {
  const hash = createHash('sha256')
  for (const source of SOURCES) {
    const files = statSync(join(ROOT, source)).isDirectory() ? readdirSync(join(ROOT, source), { recursive: true, encoding: 'utf8' }) : ['']
    for (const path of files.sort().map((file) => join(ROOT, source, file))) {
      if (statSync(path).isFile()) hash.update(`${path}\0${statSync(path).size}\0`).update(readFileSync(path))
    }
  }
  return hash.digest('hex').slice(0, 16)
}

function removeUnused(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const changedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - changedMs > KEPT_MS) rmSync(path, { recursive: true, force: true })
  }
}

function writeFiles(folder: string, files: readonly BundledFile[]): void {
  for (const [name, text] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

if (import.meta.main) writeFiles(join(ROOT, 'dist', 'node', 'cli'), await bundleCommand())

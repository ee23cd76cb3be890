/**
 * The command as a few files with all that it loads: of its 700 modules each would be found, read and compiled by itself, which takes most of the
 * time of a short command. `npm run build:lib` puts it in the place of its modules; tests and benches have a folder of their own for it.
 */

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** The file that begins the command; others have names of their contents. */
export const BUNDLE_MAIN = 'main.js'
/** Names, versions and texts of the licenses of the packages whose code is in the bundle. */
export const BUNDLE_LICENSES = 'licenses.md'
/** Where tests and benches have it; not in version control, as all folders of this name. */
const KEPT = join(ROOT, 'test', 'dist')
/** No run of tests or benches takes as long, so a bundle that was last used before is used by none. */
const KEPT_MS = 6 * 60 * 60_000

/** A file's name, relative to the folder of the bundle, and its text. */
export type BundledFile = [name: string, text: string]

/**
 * Bundles `node/cli/main.ts`, with files of their own for what is loaded later. They work in any folder of this package: what they read at run
 * time, they find by its package.json.
 *
 * @throws what Vite throws of sources that do not parse or resolve
 */
export async function bundleCommand(): Promise<BundledFile[]> {
  const built = await build({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: 'node/cli/main.ts',
      target: 'node22',
      write: false,
      minify: false,
      license: { fileName: BUNDLE_LICENSES },
      rolldownOptions: { output: { entryFileNames: BUNDLE_MAIN, chunkFileNames: '[name]-[hash].js' } },
    },
  })
  if (!('output' in built)) throw new TypeError('Vite builds one bundle')
  return built.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : String(file.source)])
}

/**
 * Bundles the sources as they are now into a folder named by the bundle's contents, so that runs beside each other, and one after another, share
 * it. Returns the path of its first file.
 */
export async function keepCommand(): Promise<string> {
  const files = await bundleCommand()
  const digest = createHash('sha256')
  for (const [name, text] of files) digest.update(`${name}\0${text.length}\0${text}`)
  const place = join(KEPT, digest.digest('hex').slice(0, 16))
  mkdirSync(KEPT, { recursive: true })
  removeUnused(KEPT)
  if (existsSync(place)) {
    utimesSync(place, new Date(), new Date())
    return join(place, BUNDLE_MAIN)
  }
  const making = mkdtempSync(join(KEPT, 'making-'))
  writeFiles(making, files)
  try {
    renameSync(making, place) // whole or not at all: another run may start it at once
  } catch (error) {
    if (!existsSync(place)) throw error
    rmSync(making, { recursive: true }) // another run has been sooner
  }
  return join(place, BUNDLE_MAIN)
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

/** The installed package around this code, whether it runs as TypeScript from a clone or built from `dist/`. */

import { realpathSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'

export async function readPackageVersion(): Promise<string> {
  const manifest: { version: string } = JSON.parse(await readFile(manifestPath(), 'utf8'))
  return manifest.version
}

/** The built tab, which the gateway serves. */
export function tabDirectory(): string {
  return join(dirname(manifestPath()), 'browser', 'dist')
}

/** Scripts of this package that are the command. */
const COMMAND_SCRIPTS: ReadonlySet<string | undefined> = new Set(['mayfly', 'start'])

/**
 * The folder in which the user has called npm, when npm runs the command as a script of this package: it does so in the package's root. A script
 * of another package runs in that one's root, as its author means it, and gives undefined.
 */
export function folderOfUser(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { INIT_CWD: folder, npm_package_json: manifest, npm_lifecycle_event: script } = env
  if (!folder || !manifest || !COMMAND_SCRIPTS.has(script)) return undefined
  return realpathSync(manifest) === realpathSync(manifestPath()) ? folder : undefined
}

function manifestPath(): string {
  const path = findPackageJSON('.', import.meta.url)
  if (path === undefined) throw new TypeError('There is no package.json around this code')
  return path
}

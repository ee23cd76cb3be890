/** The installed package around this code, whether it runs as TypeScript from a clone or built from `dist/`. */

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

function manifestPath(): string {
  const path = findPackageJSON('.', import.meta.url)
  if (path === undefined) throw new TypeError('There is no package.json around this code')
  return path
}

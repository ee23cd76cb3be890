/**
 * Names of workers in the built library. A worker is named by URL, which `tsc` leaves as it is: the file that it names ends in `.ts`, and the built
 * one in `.js`. Run by `npm run build:lib`.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const WORKER_URL = /(new URL\('\.\/[\w-]+-worker)\.ts'/g

export function withBuiltWorkers(script: string): string {
  return script.replaceAll(WORKER_URL, "$1.js'")
}

if (import.meta.main) {
  const directory = new URL('../dist/browser/', import.meta.url)
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.js')) continue
    const file = new URL(name, directory)
    const script = readFileSync(file, 'utf8')
    const built = withBuiltWorkers(script)
    if (built !== script) writeFileSync(file, built)
  }
}

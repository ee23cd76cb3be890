/**
 * Rewrites the generated parts of all documents: what stands in a `.md` file between `<!-- generated: NAME -->` and `<!-- /generated -->`.
 * Each part has one source in the code or in `scripts/`; a unit test fails while a part is not current.
 *
 *   npm run docs            rewrites what is not current, and names it
 *   npm run docs -- --check names it, and fails
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exitCodeTable, flagTable, liveSettings } from './docs/command.ts'
import { dependencyTable } from './docs/dependencies.ts'
import { documents } from './docs/documents.ts'
import { errorTable, refusalTable } from './docs/errors.ts'
import { figureTable, headlineTable } from './docs/figures.ts'
import { commandLimits, httpLimits, messageLimits, partLimits, peerLimits, serverLimits, tabLimits } from './docs/limits.ts'
import { metricTable } from './docs/metrics.ts'
import { ROOT } from './docs/source.ts'

/** By the name in its marker. */
export const PARTS: Readonly<Record<string, () => string>> = {
  flags: flagTable,
  'live-settings': liveSettings,
  'exit-codes': exitCodeTable,
  errors: errorTable,
  refusals: refusalTable,
  metrics: metricTable,
  'limits-http': httpLimits,
  'limits-server': serverLimits,
  'limits-messages': messageLimits,
  'limits-peer': peerLimits,
  'limits-parts': partLimits,
  'limits-tab': tabLimits,
  'limits-command': commandLimits,
  dependencies: dependencyTable,
  'figures-five': headlineTable,
  'figures-read': () => figureTable('read'),
  'figures-read-from-nothing': () => figureTable('read-from-nothing'),
  'figures-leave': () => figureTable('leave'),
  'figures-bulk': () => figureTable('bulk'),
  'figures-sharing': () => figureTable('sharing'),
  'figures-sharing-bars': () => figureTable('sharing-bars'),
  'figures-messages': () => figureTable('messages'),
  'figures-others': () => figureTable('others'),
}

const PART = /^<!-- generated: (\S+) -->\n([^]*?)^<!-- \/generated -->$/gm

export interface Rendering {
  text: string
  /** Names of the parts in it. */
  parts: string[]
}

/** A document with its parts as they are now. @throws when a marker names no part, or has no end */
export function renderDocument(document: string): Rendering {
  const parts: string[] = []
  const text = document.replace(PART, (_, name: string) => {
    const render = PARTS[name]
    if (render === undefined) throw new Error(`There is no generated part ${name}; there are: ${Object.keys(PARTS).join(', ')}`)
    parts.push(name)
    return `<!-- generated: ${name} -->\n${render()}\n<!-- /generated -->`
  })
  const markers = document.match(/^<!-- \/?generated\b/gm)?.length ?? 0
  if (markers !== 2 * parts.length) throw new Error('A marker of a generated part has no counterpart')
  return { text, parts }
}

if (import.meta.main) {
  const isCheck = process.argv.includes('--check')
  for (const path of documents()) {
    const before = readFileSync(join(ROOT, path), 'utf8')
    const { text } = renderDocument(before)
    if (text === before) continue
    console.log(isCheck ? `${path} is not current: npm run docs` : `${path} rewritten`)
    if (isCheck) process.exitCode = 1
    else writeFileSync(join(ROOT, path), text)
  }
}

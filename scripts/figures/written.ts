/** The figures that `npm run bench -- --write` keeps, by benchmark: the tables of the documents are made of them, and nobody copies one. */

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Findings } from '../bench/report.ts'

export interface WrittenFigures extends Findings {
  date: string
  /** Node.js and the processors. */
  machine: string
  /** The machine's load before the start, for each processor. */
  load: number
}

const FILE = new URL('written.json', import.meta.url)

export function readFigures(): Record<string, WrittenFigures> {
  return JSON.parse(readFileSync(FILE, 'utf8'))
}

/** Replaces all figures of one benchmark, and renders the documents. */
export function writeFigures(name: string, { findings, tables }: Findings, load: number): void {
  const written: WrittenFigures = {
    date: new Date().toISOString().slice(0, 10),
    machine: `Node.js ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim()}`,
    load: Math.round((load / cpus().length) * 10) / 10,
    findings,
    tables,
  }
  writeFileSync(FILE, `${JSON.stringify({ ...readFigures(), [name]: written }, null, 2)}\n`)
  spawnSync(process.execPath, [fileURLToPath(new URL('../docs.ts', import.meta.url))], { stdio: 'inherit' })
}

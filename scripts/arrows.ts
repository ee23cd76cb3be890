/**
 * Arrows between what `ls` shows: `node scripts/arrows.ts [root] [folder…]`. In each folder every file and sub-folder is one room; an arrow is
 * drawn where a file of one imports a file of another. Rooms that reach each other in a circle have no order: their arrows are listed. Type
 * imports count like others.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative, resolve, sep } from 'node:path'

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g
const FOLDERS = ['', 'node', 'gateway', 'browser']

interface Drawing {
  files: number
  rooms: number
  /** Imports from a file of one room to a file of another, each pair of files once. */
  imports: number
  /** From, to. */
  arrows: [string, string][]
  /** Arrows between rooms that reach each other. */
  circular: [string, string][]
}

const [given = '.', ...folders] = process.argv.slice(2)
const root = resolve(given)

/** By path of the importing file: the imported paths. */
const imports = new Map<string, Set<string>>()
for (const folder of ['node', 'gateway', 'browser']) {
  for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
    const path = `${folder}/${name.split(sep).join('/')}`
    if (!/\.tsx?$/.test(path) || path.startsWith('browser/dist/')) continue
    const text = readFileSync(join(root, path), 'utf8')
    imports.set(path, new Set([...text.matchAll(IMPORT)].map(([, to = '']) => posix.join(posix.dirname(path), to))))
  }
}

/** Folders with folders in them, or many files. */
const drawn = folders.length > 0 ? folders.map((folder) => relative(root, resolve(root, folder))) : [...FOLDERS, ...roomyFolders()]
const rows = drawn.map((folder) => ({ folder, ...draw(folder) }))
console.log('folder                 files  rooms  arrows  imports between rooms  arrows in circles')
for (const { folder, files, rooms, arrows, imports: pairs, circular } of rows) {
  const numbers = [String(files).padStart(6), String(rooms).padStart(7), String(arrows.length).padStart(8), String(pairs).padStart(23)]
  console.log(`${(folder || '(top)').padEnd(22)}${numbers.join('')}${String(circular.length).padStart(19)}`)
}
for (const { folder, circular } of rows) {
  for (const [from, to] of circular) console.log(`circle in ${folder || 'the top'}: ${from} → ${to}`)
}
const all = [...imports].flatMap(([from, targets]) => [...targets].map((to): [string, string] => [from, to]))
console.log(`files in circles: ${new Set(circularOf(all).flat()).size}`)

function roomyFolders(): string[] {
  return readdirSync(join(root, 'node'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `node/${name}`)
    .filter((folder) => existsSync(join(root, folder)) && draw(folder).files > 10)
}

function draw(folder: string): Drawing {
  const inside = (path: string) => folder === '' || path.startsWith(`${folder}/`)
  const roomOf = (path: string) => roomIn(folder, path)
  const pairs = [...imports].flatMap(([from, targets]) =>
    [...targets].filter((to) => inside(from) && inside(to) && roomOf(from) !== roomOf(to)).map((to): [string, string] => [from, to]),
  )
  const names = new Set(pairs.map(([from, to]) => `${roomOf(from)} ${roomOf(to)}`))
  const arrows = [...names].toSorted().map((name) => name.split(' ') as [string, string])
  const paths = [...imports.keys()].filter(inside)
  return {
    files: paths.length,
    rooms: new Set(paths.map(roomOf)).size,
    imports: pairs.length,
    arrows,
    circular: circularOf(arrows),
  }
}

/** The part of the path below the folder; at the top, the parts of node/ are rooms of their own. */
function roomIn(folder: string, path: string): string {
  const [first = '', second = ''] = (folder === '' ? path : path.slice(folder.length + 1)).split('/')
  return folder === '' && first === 'node' ? `node/${second}` : first
}

/** Arrows whose end leads back to their beginning. */
function circularOf(arrows: [string, string][]): [string, string][] {
  const next = Map.groupBy(arrows, ([from]) => from)
  const reached = new Map<string, Set<string>>()
  for (const start of next.keys()) {
    const seen = new Set<string>()
    const open = [start]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const [, to] of next.get(at) ?? []) {
        if (seen.has(to)) continue
        seen.add(to)
        open.push(to)
      }
    }
    reached.set(start, seen)
  }
  return arrows.filter(([from, to]) => reached.get(to)?.has(from))
}

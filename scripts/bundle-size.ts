/** Prints the size of the built tab on the wire: files before the first paint, and files loaded after it. Run the build before. */

import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

/** One entry of the bundler's manifest. @see https://vite.dev/guide/backend-integration.html */
interface Chunk {
  file: string
  css?: string[]
  assets?: string[]
  imports?: string[]
  dynamicImports?: string[]
}

interface Row {
  what: string
  files: number
  bytes: number
  gzip: number
}

const DIST = new URL('../browser/dist/', import.meta.url)
const manifest = JSON.parse(read('.vite/manifest.json').toString()) as Record<string, Chunk>

const rows: Row[] = []
for (const page of ['index.html', 'viewer.html']) {
  const files = namedIn(page)
  rows.push(measure(`${page}: first paint`, [page, ...files]))
  const all = new Set([...files, ...withImports(page)])
  for (let size = 0; size < all.size; ) {
    size = all.size
    const loaded = Object.values(manifest).filter((chunk) => all.has(chunk.file))
    for (const name of loaded.flatMap((chunk) => chunk.dynamicImports ?? [])) for (const file of withImports(name)) all.add(file)
  }
  const fresh = [...all].filter((file) => !files.has(file))
  rows.push(measure(`${page}: peer, loaded after`, fresh))
}

const width = Math.max(...rows.map(({ what }) => what.length))
console.log(`${'what'.padEnd(width)}  files      KiB  gzip KiB`)
for (const { what, files, bytes, gzip } of rows) {
  console.log(`${what.padEnd(width)}  ${String(files).padStart(5)}  ${kib(bytes)}  ${kib(gzip)}`)
}

/** The files that the document has tags for. The viewer's loads the app later, by its script. */
function namedIn(page: string): Set<string> {
  return new Set(
    [
      ...read(page)
        .toString()
        .matchAll(/ (?:src|href)="\/(assets\/[^"]+)"/g),
    ].map(([, file = '']) => file),
  )
}

/** The files that a chunk needs before it runs. */
function withImports(name: string, found = new Set<string>()): Set<string> {
  const chunk = manifest[name]
  if (chunk === undefined) throw new Error(`The build has no ${name}: build the tab again`)
  if (found.has(chunk.file)) return found
  for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? []).filter((asset) => asset.endsWith('.svg'))]) found.add(file)
  for (const inner of chunk.imports ?? []) withImports(inner, found)
  return found
}

function measure(what: string, files: string[]): Row {
  const contents = files.map(read)
  return {
    what,
    files: files.length,
    bytes: contents.reduce((sum, content) => sum + content.byteLength, 0),
    gzip: contents.reduce((sum, content) => sum + gzipSync(content, { level: 9 }).byteLength, 0),
  }
}

function read(path: string): Buffer {
  return readFileSync(new URL(path, DIST))
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(1).padStart(8)
}

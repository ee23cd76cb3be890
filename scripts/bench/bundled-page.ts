/** Sizes of `mayfly/browser`: of a page that uses it, bundled and minified by Vite as its author would, and of the module of a gateway. */

import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LIBRARY = fileURLToPath(new URL('../../browser/library.ts', import.meta.url))

export interface ByteSizes {
  raw: number
  gzip: number
  brotli: number
}

export interface BundledPage {
  /** The scripts that the page needs before it runs. */
  needed: ByteSizes
  /** The scripts that it loads besides for a peer with content, for sealed messages and for WebRTC, all of them. */
  later: ByteSizes
  /** Bytes of each package in what is needed, before they are minified; the largest first. */
  packages: [name: string, bytes: number][]
}

/** @param script the page's only script; `mayfly/browser` is the library */
export async function bundlePage(script: URL): Promise<BundledPage> {
  const { output } = (await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { 'mayfly/browser': LIBRARY } },
    build: {
      write: false,
      target: 'es2023',
      modulePreload: false,
      rolldownOptions: { input: { page: fileURLToPath(script) }, output: { entryFileNames: '[name].js' } },
    },
  })) as Rolldown.RolldownOutput
  const [first, rest] = splitChunks(output, 'page.js')
  const packages = new Map<string, number>()
  for (const [id, { renderedLength }] of first.flatMap(({ modules }) => Object.entries(modules))) {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? 'mayfly'
    packages.set(name, (packages.get(name) ?? 0) + renderedLength)
  }
  return { needed: sizesOf(first), later: sizesOf(rest), packages: [...packages].sort(([, a], [, b]) => b - a) }
}

/** The module that a gateway serves, as `vite.module.config.ts` builds it. */
export async function bundleModule(): Promise<Pick<BundledPage, 'needed' | 'later'>> {
  const { output } = (await build({
    configFile: fileURLToPath(new URL('../../vite.module.config.ts', import.meta.url)),
    logLevel: 'error',
    build: { write: false },
  })) as Rolldown.RolldownOutput
  const [first, rest] = splitChunks(output, 'mayfly.js')
  return { needed: sizesOf(first), later: sizesOf(rest) }
}

/** The chunks that a script needs before it runs, itself included, and the others. */
function splitChunks(output: Rolldown.RolldownOutput['output'], script: string): [Rolldown.OutputChunk[], Rolldown.OutputChunk[]] {
  const chunks = new Map(output.filter((file) => file.type === 'chunk').map((chunk) => [chunk.fileName, chunk]))
  const needed = new Set<string>()
  const need = (name: string) => {
    if (needed.has(name)) return
    needed.add(name)
    for (const inner of chunks.get(name)?.imports ?? []) need(inner)
  }
  need(script)
  const all = [...chunks.values()]
  return [all.filter(({ fileName }) => needed.has(fileName)), all.filter(({ fileName }) => !needed.has(fileName))]
}

/** Each file is compressed by itself, as it travels. */
function sizesOf(chunks: readonly { code: string }[]): ByteSizes {
  const sum = (sizeOf: (code: string) => number) => chunks.reduce((bytes, { code }) => bytes + sizeOf(code), 0)
  return {
    raw: sum((code) => Buffer.byteLength(code)),
    gzip: sum((code) => gzipSync(code, { level: 9 }).byteLength),
    brotli: sum((code) => brotliCompressSync(code).byteLength),
  }
}

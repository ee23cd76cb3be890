/** Builds the tab: three HTML files, hashed assets and a service worker, all of it servable under a policy without inline scripts or styles. */

import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { build, defineConfig, type Plugin } from 'vite'

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/**
 * The viewer's document needs nothing else to be on screen: its style stands in it, and its script loads the app after the content's frame.
 * The gateway allows both by their hashes.
 */
function viewerAlone(): Plugin {
  return {
    name: 'viewer-alone',
    enforce: 'post',
    generateBundle(_, bundle) {
      const page = bundle['viewer.html']
      if (page?.type !== 'asset') throw new Error('The build has no viewer.html')
      const files: string[] = []
      page.source = String(page.source)
        .replace(/<link rel="stylesheet"[^>]* href="\/([^"]+)">/g, (_link, file: string) => {
          const style = bundle[file]
          if (style?.type !== 'asset') throw new Error(`The build has no ${file}`)
          return `<style>${style.source}</style>`
        })
        .replace(
          / *<(?:script type|link rel)="module(?:preload)?"[^>]* (?:src|href)="([^"]+)">(?:<\/script>)?\n/g,
          (_tag, file: string) => {
            files.push(file)
            return ''
          },
        )
        .replace('const app = []', `const app = ${JSON.stringify(files)}`)
    },
  }
}

/**
 * Marks the documents with the build, by which an open tab notices that its node has a newer one, and makes the service worker, which knows
 * the files of its build. The names of the files have the digests of their contents, so they stand for the whole build.
 */
function appBuild(): Plugin {
  return {
    name: 'app-build',
    enforce: 'post',
    async generateBundle(_, bundle) {
      const files = Object.keys(bundle).filter((file) => file.startsWith('assets/'))
      const pages = Object.values(bundle).filter((output) => output.type === 'asset' && output.fileName.endsWith('.html'))
      const texts = pages.map((page) => (page.type === 'asset' ? String(page.source) : ''))
      const id = createHash('sha256')
        .update([...files, ...texts].sort().join('\n'))
        .digest('hex')
        .slice(0, 16)
      for (const page of pages) {
        if (page.type === 'asset' && !page.fileName.startsWith('assets/')) {
          page.source = String(page.source).replace('<html lang="en">', `<html lang="en" data-build="${id}">`)
        }
      }
      const paths = files.map((file) => `/${file}`).sort()
      this.emitFile({ type: 'asset', fileName: 'app/worker.js', source: await buildWorker(id, paths) })
    },
  }
}

/** One file without imports: a browser compares it with the one that it has, byte by byte. */
function buildWorker(id: string, files: string[]): Promise<string> {
  return buildAlone('browser/offline/app-worker.ts', { __APP_BUILD__: JSON.stringify(id), __APP_FILES__: JSON.stringify(files) })
}

/** The code of a script and all that it imports. */
async function buildAlone(path: string, define: Record<string, string> = {}): Promise<string> {
  const rolldownOptions = { input: fromHere(path), output: { format: 'iife' as const } }
  const result = await build({
    ...{ configFile: false as const, logLevel: 'error' as const, define },
    build: { write: false, target: 'es2022', modulePreload: false, rolldownOptions },
  })
  const [chunk] = 'output' in result ? result.output : []
  if (chunk === undefined || chunk.imports.length > 0) throw new Error(`${path} is not one file`)
  return chunk.code.trim()
}

/** Modules that the page of a share loads, named in its document: the app asks for them step by step, since its other pages need none of them. */
const RECEIVING = [
  'browser/app/receive/receive-view.tsx',
  'browser/peer/peer-library.ts',
  'browser/peer/tab-peer.ts',
  'node/content/content.ts',
  'node/library/checked-content.ts',
  'node/library/checked-sharing.ts',
  'node/network/direct.ts',
  'node/people/open-ways.ts',
  'node/sharing/index.ts',
  'node_modules/@libp2p/webrtc/dist/src/index.js',
]

/**
 * The app's document once more, for the pages of shares: it names what they load, so that all of it comes at once, and its first script has asked for
 * the share by then. The gateway allows that by its hash.
 */
function receivingPage(): Plugin {
  return {
    name: 'receiving-page',
    enforce: 'post',
    async generateBundle(_, bundle) {
      const page = bundle['index.html']
      if (page?.type !== 'asset') throw new Error('The build has no index.html')
      const needed = new Set<string>()
      const styles = new Set<string>()
      const need = (name: string) => {
        const chunk = bundle[name]
        if (needed.has(name) || chunk?.type !== 'chunk') return
        needed.add(name)
        for (const style of chunk.viteMetadata?.importedCss ?? []) styles.add(style)
        for (const inner of chunk.imports) need(inner)
      }
      for (const path of RECEIVING) {
        const chunk = Object.values(bundle).find((output) => output.type === 'chunk' && isModule(output.facadeModuleId, path))
        if (chunk === undefined) throw new Error(`The build has no file for ${path}`)
        need(chunk.fileName)
      }
      const html = String(page.source)
      const links = [
        ...[...needed].map((file) => `<link rel="modulepreload" crossorigin href="/${file}">`),
        ...[...styles].map((file) => `<link rel="stylesheet" crossorigin href="/${file}">`),
      ].filter((link) => !html.includes(link))
      const first = await buildAlone('browser/visit/first-script.ts')
      const source = html
        .replace(/ *<link rel="icon"/, (icon) => `    <script>${first}</script>\n${icon}`)
        .replace('</head>', `${links.map((link) => `  ${link}\n  `).join('')}</head>`)
      this.emitFile({ type: 'asset', fileName: 'receive.html', source })
    },
  }
}

const isModule = (id: string | null, path: string) => id?.replaceAll('\\', '/').endsWith(`/${path}`) === true

export default defineConfig({
  root: fromHere('browser'),
  base: '/',
  plugins: [viewerAlone(), receivingPage(), appBuild()],
  worker: { format: 'es' }, // the policy allows workers from our own files, never from text in a page
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: fromHere('browser/dist'),
    emptyOutDir: true,
    target: 'es2022',
    manifest: true,
    assetsInlineLimit: 0, // the policy allows no data: frames, and a file is cached for good
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700, // the peer, loaded after the first paint; scripts/bundle-size.ts tells what it weighs
    rolldownOptions: { input: { home: fromHere('browser/index.html'), viewer: fromHere('browser/viewer.html') } },
  },
})

/** Builds the tab: two HTML files and hashed assets, all of it servable under a policy without inline scripts or styles. */

import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

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

export default defineConfig({
  root: fromHere('browser'),
  base: '/',
  plugins: [viewerAlone()],
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

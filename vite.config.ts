/** Builds the tab: two HTML files and hashed assets, all of it servable under a policy without inline scripts or styles. */

import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/**
 * kad-dht carries a table of precomputed prefixes (97 KiB) for the random lookups that refresh a routing table. Without it they are a
 * little less even, which a DHT client does not notice.
 */
function withoutPrefixTable(): Plugin {
  return {
    name: 'without-prefix-table',
    enforce: 'pre',
    load: (id) => (/kad-dht.*\/generated-prefix-list(-browser)?\.js$/.test(id) ? 'export default []' : undefined),
  }
}

export default defineConfig({
  root: fromHere('browser'),
  base: '/',
  plugins: [withoutPrefixTable()],
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

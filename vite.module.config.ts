/**
 * Builds `mayfly/browser` as one module for pages of other origins, beside the tab: run it after the tab's build, which empties the folder. The
 * module has the same name in every version; what it loads later has a name of its own for each content.
 */

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: fromHere('browser'),
  base: './', // a page of another origin loads it
  publicDir: false,
  logLevel: 'warn',
  build: {
    outDir: fromHere('browser/dist/lib'),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: false, // what Vite would add looks for the files at the page's own origin
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      input: { mayfly: fromHere('browser/module.ts') },
      // One request less than a file that only passes on what another has.
      preserveEntrySignatures: 'allow-extension',
      output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
})

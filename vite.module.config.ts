/**
 * Builds `mayfly/browser` as one module for pages of other origins, beside the tab: run it after the tab's build, which empties the folder. The
 * module has the same name in every version; what it loads later has a name of its own for each content.
 */

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Modules that people and shares both need are in one file with the ways: else it would be asked for only once the code of the one or the other is there. */
const WITH_WAYS = [
  'people/open-ways',
  'people/way/',
  ...['claimer', 'code-kinds', 'issuer', 'lockstep', 'work'].map((name) => `people/pairing/${name}.ts`),
  ...['code', 'cpace', 'pairing-frames', 'pairing-keys', 'signed-form', 'token'].map((name) => `people/format/${name}.ts`),
  'async/wake-up.ts',
].map((path) => `/node/${path}`)

/** Modules that are needed at once are one file: shared with those that come later, they would be thirty, most of them smaller than their request. */
export const LIBRARY_CHUNKS = [
  { name: 'core', tags: ['$initial'] as '$initial'[], priority: 1 },
  { name: 'open-ways', test: (id: string) => WITH_WAYS.some((path) => id.replaceAll('\\', '/').includes(path)) },
]

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
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: '[name]-[hash].js',
        codeSplitting: { groups: LIBRARY_CHUNKS },
      },
    },
  },
})

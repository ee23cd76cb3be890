/**
 * The command as a few files with all that it loads: of its 700 modules each would be found, read and compiled by itself, which takes most of the
 * time of a short command. The tests run it so (test/helpers/command-build.ts).
 */

import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** A file's name, relative to the folder of `main.js`, and its text. */
export type BundledFile = [name: string, text: string]

/**
 * Bundles `node/cli/main.ts`, with a file of its own for what is loaded later. The files work in any folder of this package: what they read at run
 * time, they find by its package.json.
 *
 * @throws what Vite throws of sources that do not parse or resolve
 */
export async function bundleCommand(): Promise<BundledFile[]> {
  const built = await build({
    configFile: false,
    root: fileURLToPath(new URL('..', import.meta.url)),
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: 'node/cli/main.ts',
      target: 'node22',
      write: false,
      minify: false,
      rolldownOptions: { output: { entryFileNames: 'main.js', chunkFileNames: '[name]-[hash].js' } },
    },
  })
  if (!('output' in built)) throw new TypeError('Vite builds one bundle')
  return built.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : String(file.source)])
}

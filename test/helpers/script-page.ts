/** A page of one script, bundled from TypeScript and served on loopback: for tests that need a browser and not the app. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build, type Plugin, type Rolldown } from 'vite'

export interface ScriptPage extends AsyncDisposable {
  readonly url: string
}

/** Path of a script given as text, so that its imports resolve as those of a test. */
const TEXT_MODULE = fileURLToPath(new URL('../script-page-text.ts', import.meta.url))
const LIBRARY = fileURLToPath(new URL('../../browser/library.ts', import.meta.url))

export interface ScriptPageOptions {
  /** The document; one that has the script, and nothing else, when left out. */
  html?: string
  /** A script that runs where its tag stands, with all that it imports in it, instead of a module. */
  isClassic?: boolean
}

/** Serves the script as `/page.js`. `script`: a module's path, or its text. `mayfly/browser` is the library. */
export async function serveScript(
  script: URL | { text: string },
  { html = '<script type="module" src="/page.js"></script>', isClassic = false }: ScriptPageOptions = {},
): Promise<ScriptPage> {
  const input = script instanceof URL ? fileURLToPath(script) : TEXT_MODULE
  const plugins = script instanceof URL ? [] : [textModule(script.text)]
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    plugins,
    resolve: { alias: { 'mayfly/browser': LIBRARY } },
    build: {
      write: false,
      target: 'es2023',
      minify: false,
      modulePreload: false,
      rolldownOptions: {
        input: { page: input },
        output: { entryFileNames: '[name].js', ...(isClassic && { format: 'iife', codeSplitting: false }) },
      },
    },
  })) as Rolldown.RolldownOutput
  const files = new Map(built.output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]))
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '/')
    if (file !== undefined) response.writeHead(200, { 'content-type': 'text/javascript' }).end(file)
    else response.writeHead(200, { 'content-type': 'text/html' }).end(html)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function textModule(text: string): Plugin {
  return {
    name: 'text-module',
    enforce: 'pre',
    resolveId: (id) => (id === TEXT_MODULE ? id : undefined),
    load: (id) => (id === TEXT_MODULE ? text : undefined),
  }
}

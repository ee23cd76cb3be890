#!/usr/bin/env node
/** The process around the command: its arguments, environment, streams and signals. Nothing else here reads them. */

import { enableCompileCache } from 'node:module'
import { constants, homedir } from 'node:os'
import { join } from 'node:path'

const stopping = new AbortController()
/** npm passes on the Ctrl-C that the terminal has sent to this process too: the same signal within this time is the same wish, in ms. */
const SAME_WISH_MS = 300
let wish = { name: '', atMs: 0 }

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    // The first asks for a clean end; whoever asks again wants none.
    if (stopping.signal.aborted) {
      if (name === wish.name && performance.now() - wish.atMs < SAME_WISH_MS) return
      process.exit(128 + constants.signals[name])
    }
    wish = { name, atMs: performance.now() }
    stopping.abort(new DOMException(`ended by ${name}`, 'AbortError'))
  })
}

// Half of a start goes into compiling what is loaded. In the owner's directory: what lies in a shared one, others could have written.
// Where it cannot be written, Node.js goes on without it.
try {
  enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mayfly', 'compiled'))
} catch {} // whoever runs this has no home directory

// Loaded after the signals are caught, since loading takes long enough to be interrupted.
const { runCommand } = await import('./command.ts')
const { stdin, stdout, stderr, env } = process
const exitCode = await runCommand({ argv: process.argv.slice(2), env, stdin, stdout, stderr, signal: stopping.signal })
// A command that has ended must not be kept alive by a socket that somebody else keeps open.
process.exit(exitCode)

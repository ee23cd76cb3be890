#!/usr/bin/env node
/** The process around the command. Only this file reads its arguments, environment, streams and signals. */

import { closeSync, openSync } from 'node:fs'
import { constants, homedir } from 'node:os'
import { join } from 'node:path'
import { isatty } from 'node:tty'
import { findNodeFault } from './node-version.ts'

const fault = findNodeFault(process.versions.node)
if (fault !== undefined) {
  process.stderr.write(`${fault}\n`)
  process.exit(1)
}

type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

const stopping = new AbortController()
/** npm forwards the Ctrl-C that the terminal has sent to this process, too: the same signal within this time, in ms, counts once. */
const SAME_SIGNAL_MS = 300
let last: { name: EndingSignal; atMs: number } | undefined

for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => end(name))

/** SIGHUP comes when the terminal closes, and where there is none from an operator who has changed the configuration. */
const hadTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor)) && hasTerminal()
let hearHangup: (() => void) | undefined
process.on('SIGHUP', () => {
  if (hearHangup === undefined || stopping.signal.aborted || (hadTerminal && !hasTerminal())) end('SIGHUP')
  else hearHangup()
})

function end(name: EndingSignal): void {
  // The first signal asks for a clean end, a second one for an immediate end.
  if (last !== undefined) {
    if (name === last.name && performance.now() - last.atMs < SAME_SIGNAL_MS) return
    endBy(name)
  }
  last = { name, atMs: performance.now() }
  stopping.abort(new DOMException(`ended by ${name}`, 'AbortError'))
}

/** False once the terminal that controls this process has closed. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}

// Compiling takes half of the time of a start, so compiled code is cached, in the owner's directory: others could write to a shared one.
// Node.js goes on without a cache where it cannot be written.
const { enableCompileCache } = await import('node:module') // an older Node.js has none
try {
  enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mayfly', 'compiled'))
} catch {} // this user has no home directory

// Loaded once the signals have listeners, since loading takes long enough to be interrupted.
const { runCommand, writesLog } = await import('./command.ts')
const { folderOfUser } = await import('./package.ts')
// All paths of flags and arguments are relative to it.
process.chdir(folderOfUser(process.env) ?? process.cwd())
const { stdin, stdout, stderr, env } = process
if (writesLog({ argv: process.argv.slice(2), stderr })) await keepLogInJson()
const onHangup = (listener: () => void) => {
  hearHangup = listener
}
const exitCode = await runCommand({ argv: process.argv.slice(2), env, stdin, stdout, stderr, signal: stopping.signal, onHangup })
if (last !== undefined && exitCode !== 0) endBy(last.name)
// An open socket must not keep the process of a finished command alive.
process.exit(exitCode)

/** Logs what Node.js would print in a form of its own: its warnings, and the error that ends the process. */
async function keepLogInJson(): Promise<void> {
  const { fatalLine, logLine } = await import('./print/fatal-line.ts')
  if (process.listenerCount('warning') > 0) {
    process.removeAllListeners('warning')
    process.on('warning', ({ name, message }) => void stderr.write(logLine('warn', message, { name })))
  }
  process.on('uncaughtException', (error) => {
    stderr.write(fatalLine(error))
    process.exit(1)
  })
}

/**
 * Ends the process by the signal itself: a shell then ends its loop or script, too.
 *
 * @see https://www.cons.org/cracauer/sigint.html
 */
function endBy(name: EndingSignal): never {
  process.removeAllListeners(name)
  process.kill(process.pid, name)
  // The signal may be blocked, or arrive after this.
  process.exit(128 + constants.signals[name])
}

/** Runs a program to its end and measures its usage of the machine. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { endedChildrenCpuMsOf, peakRssOf } from './process-stat.ts'

/** Between two looks at its memory, in ms. */
const LOOK_MS = 20

export interface CommandRun {
  ms: number
  cpuMs: number
  /** In bytes. */
  peakRss: number
  /** Output on the descriptor that is read here. */
  output: string
}

/**
 * @param read 'stdout' or 'stderr': which one is read; the other goes nowhere
 * @throws when it does not end with 0, with what it said
 */
export async function runMeasured(program: string, parameters: string[], read: 'stdout' | 'stderr'): Promise<CommandRun> {
  const cpuMs = endedChildrenCpuMsOf(process.pid)
  const startedAtMs = performance.now()
  const stdio = read === 'stdout' ? (['ignore', 'pipe', 'ignore'] as const) : (['ignore', 'ignore', 'pipe'] as const)
  const child = spawn(program, parameters, { stdio: [...stdio] })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  let output = ''
  child[read]?.on('data', (bytes: Buffer) => {
    output += bytes
  })
  const ended = once(child, 'close')
  let peakRss = 0
  while (child.exitCode === null && child.signalCode === null) {
    await Promise.race([ended, delay(LOOK_MS)])
    peakRss = Math.max(peakRss, peakNow(child.pid as number))
  }
  const ms = performance.now() - startedAtMs
  await ended
  process.off('exit', end)
  if (child.exitCode !== 0) throw new Error(`${program} ended with ${child.signalCode ?? child.exitCode}: ${output.trim()}`)
  return { ms, cpuMs: endedChildrenCpuMsOf(process.pid) - cpuMs, peakRss, output }
}

function peakNow(pid: number): number {
  try {
    return peakRssOf(pid)
  } catch {
    return 0 // it has ended
  }
}

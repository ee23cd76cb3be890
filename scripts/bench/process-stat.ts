/** Usage of a process so far, as Linux counts it under /proc: CPU, memory, bytes. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** CLK_TCK: the unit of CPU times in /proc, the same on every Linux that Node.js supports. @see proc(5) */
const TICK_MS = 10

/** User and system time of all threads, in ms. */
export function cpuMsOf(pid: number): number {
  const fields = statOf(pid)
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

/** The same of all children that have ended, and of theirs. */
export function endedChildrenCpuMsOf(pid: number): number {
  const fields = statOf(pid)
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS
}

/** The process and all that it started, and they, and are running. */
export function familyOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(familyOf)]
}

/** Memory that is resident now, in bytes. */
export function rssOf(pid: number): number {
  return readNumber(`/proc/${pid}/status`, /VmRSS:\s+(\d+) kB/) * 1_024
}

/** The most that was ever resident, in bytes. */
export function peakRssOf(pid: number): number {
  return readNumber(`/proc/${pid}/status`, /VmHWM:\s+(\d+) kB/) * 1_024
}

/** Resets the peak that `peakRssOf` reads. @see proc(5), clear_refs */
export function resetPeakRss(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // The peak of a browser's process cannot be reset: it counts from the start of the process.
  }
}

/**
 * Bytes read and written, in all: for a node that has started, its sockets. Unlike the counters of the loopback interface it leaves out
 * what the rest of the machine does.
 */
export function ioBytesOf(pid: number): number {
  return readNumber(`/proc/${pid}/io`, /rchar: (\d+)/) + readNumber(`/proc/${pid}/io`, /wchar: (\d+)/)
}

export interface Usage {
  cpuMs: number
  ioBytes: number
  atMs: number
}

/** The sum over several processes. */
export function usageOf(pids: readonly number[]): Usage {
  let cpuMs = 0
  let ioBytes = 0
  for (const pid of pids) {
    cpuMs += cpuMsOf(pid)
    ioBytes += ioBytesOf(pid)
  }
  return { cpuMs, ioBytes, atMs: performance.now() }
}

/** Usage between two readings, and the time between them. */
export function usedBetween(before: Usage, after: Usage): { cpuMs: number; ioBytes: number; ms: number } {
  return { cpuMs: after.cpuMs - before.cpuMs, ioBytes: after.ioBytes - before.ioBytes, ms: after.atMs - before.atMs }
}

function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, in parentheses, may itself contain spaces: fields are counted behind it, where the third is the first.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function readNumber(path: string, pattern: RegExp): number {
  const found = pattern.exec(readFileSync(path, 'utf8'))?.[1]
  if (found === undefined) throw new Error(`${path} does not tell ${pattern.source}`)
  return Number(found)
}

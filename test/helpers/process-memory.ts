/** Memory of another process, as Linux shows it to its parent or to root. */

import { readFileSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'

/** Read at once; what is searched for may lie across two of them. */
const STEP = 8 * 1_048_576

/**
 * Says of each byte string whether it is somewhere in the memory that the process can write.
 *
 * @throws the system's error, when it is not shown
 */
export async function findInMemory(pid: number, wanted: readonly Uint8Array[]): Promise<boolean[]> {
  const found = wanted.map(() => false)
  const searched = wanted.map((what) => Buffer.from(what))
  const overlap = Math.max(...wanted.map(({ byteLength }) => byteLength)) - 1
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8')
  const memory = await open(`/proc/${pid}/mem`, 'r')
  try {
    for (const line of maps.split('\n')) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
      if (from === undefined || to === undefined) continue
      const end = Number.parseInt(to, 16)
      for (let at = Number.parseInt(from, 16); at < end; at += STEP) {
        const size = Math.min(STEP + overlap, end - at)
        // A part of an area may be gone, or was never there.
        const part = await memory.read(Buffer.allocUnsafe(size), 0, size, at).catch(() => undefined)
        if (part === undefined) continue
        const bytes = part.buffer.subarray(0, part.bytesRead)
        for (const [i, what] of searched.entries()) found[i] ||= bytes.includes(what)
      }
    }
  } finally {
    await memory.close()
  }
  return found
}

/** The most memory that the process has had so far, in bytes; 0 once it is gone. */
export function peakMemory(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024
  } catch {
    return 0
  }
}

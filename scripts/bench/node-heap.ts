/** The heap of a node in a process of its own, after a collection. */

import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { heapFileOf } from './heap-probe.ts'
import type { MayflyNode } from './mayfly-network.ts'
import { waitUntil } from './wait.ts'

/** For `startNode`. */
export const HEAP_PROBE_ARGUMENTS = ['--expose-gc', '--import', fileURLToPath(new URL('heap-probe.ts', import.meta.url))]

/** In bytes, buffers included. */
export async function measureHeap({ pid }: MayflyNode): Promise<number> {
  const file = heapFileOf(pid)
  rmSync(file, { force: true })
  process.kill(pid, 'SIGUSR2')
  let bytes = 0
  const isThere = async () => {
    try {
      bytes = JSON.parse(readFileSync(file, 'utf8')) as number
      return true
    } catch {
      return false
    }
  }
  await waitUntil(isThere, 30_000, 'the node tells its heap')
  rmSync(file, { force: true })
  return bytes
}

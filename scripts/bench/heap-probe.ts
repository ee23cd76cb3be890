/** Loaded into a node with `--expose-gc --import`: on SIGUSR2 it collects, and writes how much is in use to a file. */

import { renameSync, writeFileSync } from 'node:fs'

export const heapFileOf = (pid: number) => `/tmp/mayfly-heap-${pid}.json`

process.on('SIGUSR2', () => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  const file = heapFileOf(process.pid)
  // Under its own name once it is whole.
  writeFileSync(`${file}.part`, JSON.stringify(heapUsed + external))
  renameSync(`${file}.part`, file)
})

/** How often the heap is collected while bytes come and go outside of it. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const MODULE = new URL('../../../node/server/port/byte-memory.ts', import.meta.url)

/** Collections of the whole heap, of some MB, in a process of its own that takes 512 MiB of pieces, of which it needs the last 32. */
async function countCollections(prepare: string): Promise<number> {
  const program = `
    import { PerformanceObserver, constants } from 'node:perf_hooks'
    ${prepare}
    const heap = Array.from({ length: 100_000 }, (_, index) => ({ index, name: 'n' + index }))
    let count = 0
    const observer = new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) count++
    })
    observer.observe({ entryTypes: ['gc'] })
    const pieces = []
    for (let i = 0; i < 2_048; i++) {
      pieces[i % 32] = new Uint8Array(262_144)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await new Promise((resolve) => setImmediate(resolve))
    console.log(count, heap.length)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  return Number.parseInt(stdout, 10)
}

test('byte memory: bytes outside the heap have it collected less than half as often', async () => {
  const [apart, asByDefault] = await Promise.all([
    countCollections(`import { countBytesApart } from ${JSON.stringify(MODULE.href)}; countBytesApart()`),
    countCollections(''),
  ])
  expect(asByDefault).toBeGreaterThan(0)
  expect(apart).toBeLessThan(asByDefault / 2)
})

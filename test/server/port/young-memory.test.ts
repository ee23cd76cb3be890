/** How much room young objects get in a process that makes many. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { MAX_YOUNG_BYTES } from '../../../node/server/port/young-memory.ts'

const MODULE = new URL('../../../node/server/port/young-memory.ts', import.meta.url)

/** The room in bytes, of a process of its own that makes objects in many turns and keeps each for a while. */
async function measureRoom(prepare: string): Promise<number> {
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8'
    ${prepare}
    let kept = []
    for (let turn = 0; turn < 300; turn++) {
      if (turn % 100 === 0) kept = []
      for (let i = 0; i < 4_000; i++) kept.push({ turn, i: [i] })
      await new Promise((resolve) => setImmediate(resolve))
    }
    console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  return Number.parseInt(stdout, 10)
}

test('young memory: grows to its bound and no further', async () => {
  const from = `import { holdYoungMemory, boundYoungMemory } from ${JSON.stringify(MODULE.href)}; holdYoungMemory();`
  const [held, bounded, byDefault] = await Promise.all([measureRoom(from), measureRoom(`${from} boundYoungMemory()`), measureRoom('')])
  expect(held).toBeLessThan(MAX_YOUNG_BYTES / 2)
  expect(bounded).toBeGreaterThan(held)
  expect(bounded).toBeLessThanOrEqual(MAX_YOUNG_BYTES)
  expect(byDefault).toBeGreaterThan(bounded)
})

/** How often the old objects are collected, in a process of its own that keeps many for good, and others for a while. */
async function countCollections(prepare: string): Promise<number> {
  const program = `
    import { constants, PerformanceObserver } from 'node:perf_hooks'
    ${prepare}
    let count = 0
    const isMajor = ({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR
    new PerformanceObserver((list) => void (count += list.getEntries().filter(isMajor).length)).observe({ entryTypes: ['gc'] })
    const make = (count) => Array.from({ length: count }, (_, i) => ({ i: [i] }))
    const kept = []
    const passing = []
    for (let turn = 0; turn < 150; turn++) {
      if (turn < 50) kept.push(make(20_000))
      passing.push(make(20_000))
      if (passing.length > 20) passing.shift()
      await new Promise((resolve) => setImmediate(resolve))
    }
    console.log(count)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  return Number.parseInt(stdout, 10)
}

test('young memory: what has become old and is used no more is collected sooner in a large heap', async () => {
  const from = `import { holdYoungMemory, boundYoungMemory } from ${JSON.stringify(MODULE.href)}; holdYoungMemory(); boundYoungMemory()`
  const [bounded, byDefault] = await Promise.all([countCollections(from), countCollections('')])
  expect(bounded).toBeGreaterThan(byDefault)
})

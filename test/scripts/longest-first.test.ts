import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { TestSpecification } from 'vitest/node'
import { LONG_FILES, LongestFirst } from '../../scripts/longest-first.ts'

const ROOT = new URL('../..', import.meta.url).pathname

/** A file of this tree in a project of this group. */
const fileIn = (groupOrder: number, path: string) =>
  ({ moduleId: ROOT + path, project: { config: { sequence: { groupOrder } } } }) as unknown as TestSpecification

test('longest first: by group, then the files that are known to take long, then by size', async () => {
  expect(LONG_FILES.filter((path) => !existsSync(ROOT + path))).toEqual([])
  const [longest = '', next = ''] = LONG_FILES
  const [small, large] = ['test/async/wake-up.test.ts', 'test/pages/records.test.ts']
  const mixed = [fileIn(3, longest), fileIn(2, small), fileIn(2, next), fileIn(2, large), fileIn(2, longest), fileIn(1, small)]
  const sorted = await new LongestFirst({} as never).sort(mixed)
  const order = sorted.map(({ moduleId, project }) => [project.config.sequence.groupOrder, moduleId.slice(ROOT.length)])
  expect(order).toEqual([
    [1, small],
    [2, longest],
    [2, next],
    [2, large],
    [2, small],
    [3, longest],
  ])
})

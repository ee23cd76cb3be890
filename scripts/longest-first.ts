/** The order of test files: those that take long begin first, so that none of them is left when the others are done. */

import { statSync } from 'node:fs'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take much longer than others of their size, the longest first. A fresh clone has no times of an earlier run to go by. */
export const LONG_FILES = [
  'test/pages/receiving.test.ts',
  'test/pages/private-link.test.ts',
  'test/pages/people-page.test.ts',
  'test/pages/app.test.ts',
  'test/pages/messages.test.ts',
  'test/hostile/hostile-pages.test.ts',
  'test/setup/fresh-clone.test.ts',
  'test/peers/command-content.test.ts',
  'test/peers/command.test.ts',
  'test/pages/frozen.test.ts',
  'test/pages/accessible.test.ts',
  'test/pages/people.test.ts',
  'test/pages/drop-page.test.ts',
  'test/pages/receive-page.test.ts',
  'test/faults/clocks.test.ts',
]

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const places = new Map(files.map((file) => [file, placeOf(file)]))
    return files.toSorted((a, b) => {
      const [one, other] = [places.get(a) ?? [], places.get(b) ?? []]
      const differs = one.findIndex((number, i) => number !== other[i])
      return (one[differs] ?? 0) - (other[differs] ?? 0)
    })
  }
}

/** Compared number by number: the group of its project, then its place among the long ones, then its size, whatever its project. */
function placeOf({ moduleId, project }: TestSpecification): number[] {
  const place = LONG_FILES.findIndex((path) => moduleId.endsWith(`/${path}`))
  return [project.config.sequence.groupOrder, place === -1 ? LONG_FILES.length : place, -statSync(moduleId).size]
}

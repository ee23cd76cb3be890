import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { withBuiltWorkers } from '../../scripts/worker-urls.ts'

it('the built library names its worker as the file that was built', () => {
  const script = readFileSync(new URL('../../browser/peer/worker-stretch.ts', import.meta.url), 'utf8')
  expect(script).toContain("new URL('./stretch-worker.ts', import.meta.url)")
  expect(withBuiltWorkers(script)).toContain("new URL('./stretch-worker.js', import.meta.url)")
  expect(withBuiltWorkers("import x from './a-worker.ts'")).toBe("import x from './a-worker.ts'")
  const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    scripts: Record<string, string>
  }
  expect(scripts['build:lib']).toContain('tsc -p tsconfig.build.json && node scripts/worker-urls.ts')
})

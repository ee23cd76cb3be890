import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { DISABLED_FEATURES } from '../helpers/chromium.ts'

test('chromium of the tests: what Playwright turns off is off, though of two such flags only the last counts', () => {
  const playwright = dirname(createRequire(import.meta.url).resolve('playwright-core/package.json'))
  const code = readFileSync(join(playwright, 'lib', 'coreBundle.js'), 'utf8')
  const list = /disabledFeatures = \[(.*?)\]/s.exec(code)?.[1] ?? ''
  const names = [...list.matchAll(/^\s*"(\w+)"/gm)].map(([, name]) => name)
  expect(names).toContain('HttpsUpgrades')
  expect(names.filter((name) => !DISABLED_FEATURES.includes(name as string))).toEqual([])
})

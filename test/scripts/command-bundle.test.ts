import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, inject, it } from 'vitest'
import { BUNDLE_LICENSES, keepCommand } from '../../scripts/command-bundle.ts'

it('the bundled command is the one of the sources as they are, a program, and names the licenses of the packages in it', async () => {
  const main = inject('mayflyMain')
  expect(await keepCommand()).toBe(main)
  expect(readFileSync(main, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { dependencies: object }
  const licenses = readFileSync(join(dirname(main), BUNDLE_LICENSES), 'utf8')
  const named = Object.keys(manifest.dependencies).filter((name) => licenses.includes(`\n## ${name} - `))
  expect(named).toEqual(expect.arrayContaining(['commander', 'hono', 'libp2p', 'pino', 'ws']))
})

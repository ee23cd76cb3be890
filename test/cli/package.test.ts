import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { folderOfUser } from '../../node/cli/package.ts'

const OWN = fileURLToPath(new URL('../../package.json', import.meta.url))
const OTHER = fileURLToPath(new URL('../../node_modules/hono/package.json', import.meta.url))

test.each<[string, string | undefined, string, Record<string, string>]>([
  ['this package’s own script runs the command', '/home/a', 'mayfly', { npm_package_json: OWN }],
  ['npm starts a node', '/home/a', 'start', { npm_package_json: OWN }],
  ['a test of this package runs the command', undefined, 'test', { npm_package_json: OWN }],
  ['a script of another package runs the command', undefined, 'start', { npm_package_json: OTHER }],
  ['npm is older, or no npm', undefined, 'start', {}],
])('folder of the user: when %s, it is %s', (_, folder, script, env) => {
  expect(folderOfUser({ INIT_CWD: '/home/a', npm_lifecycle_event: script, ...env })).toBe(folder)
})

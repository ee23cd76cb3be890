import { expect, test } from 'vitest'
import { findNodeFault } from '../../node/cli/node-version.ts'
import manifest from '../../package.json' with { type: 'json' }

test('node version: an older Node.js is told which one the command needs, as package.json says', () => {
  const oldest = /^>=(\d+\.\d+)$/.exec(manifest.engines.node)?.[1]
  for (const version of ['18.20.8', '20.19.2', '22.17.1']) {
    expect(findNodeFault(version)).toContain(`needs Node.js ${oldest} or newer, and this is ${version}`)
  }
  for (const version of [`${oldest}.0`, '22.19.0', '24.0.0', process.versions.node]) expect(findNodeFault(version)).toBeUndefined()
})

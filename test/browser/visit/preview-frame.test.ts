import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it('the preview frame allows its own script by hash, and no other', () => {
  const html = readFileSync(new URL('../../../browser/visit/preview-frame.html', import.meta.url), 'utf8')
  const scripts = [...html.matchAll(/<script>([^]*?)<\/script>/g)].map(([, script]) => script ?? '')
  expect(scripts).toHaveLength(1)
  const digest = createHash('sha256')
    .update(scripts[0] ?? '')
    .digest('base64')
  const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(html)?.[1]
  const sources = /script-src ([^;]*);/.exec(policy ?? '')?.[1]
  expect(sources, 'after a change of the script, write its new hash into the policy').toBe(`'sha256-${digest}'`)
})

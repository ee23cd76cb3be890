import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

test('lives: each file that node/README.md names in them exists, and has the names that stand behind it', async () => {
  const page = await readFile('node/README.md', 'utf8')
  const lives = page.slice(page.indexOf('## The life of a get'), page.indexOf('## How it works'))
  expect(lives.length).toBeGreaterThan(3_000)
  const missing: string[] = []
  let file = ''
  let text = ''
  for (const [, code = ''] of lives.replace(/```[^]*?```/g, '').matchAll(/`([^`]+)`/g)) {
    if (/^(node|gateway|browser)\/.*\.tsx?$/.test(code)) {
      file = code
      text = existsSync(file) ? await readFile(file, 'utf8') : ''
      if (text === '') missing.push(file)
    } else if (/^[a-z]\w*$/i.test(code) && !text.includes(code)) missing.push(`${file}: ${code}`)
  }
  expect(missing).toEqual([])
})

/**
 * Drop boxes in each engine: files and words come from the next engine into the browser that has the box, over reloads of it. WebKitGTK, which keeps
 * no files for a page, sends to boxes, and says that it can have none.
 */

import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ENGINES, type EnginePage, openEngine, sees } from '../helpers/engines.ts'
import { useNode } from '../helpers/one-node.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const node = useNode()

const LONG_MS = 120_000
const shown = (testId: string, attributes = '') => `document.querySelector('[data-testid="${testId}"]${attributes}')`
const says = (testId: string, words: string) => `${shown(testId)}?.innerText.includes(${JSON.stringify(words)})`

/** Of the files that have come, by their names, as the browser has stored them. */
const STORED = `(async () => {
  const found = {}
  const read = async (directory) => {
    for await (const [name, handle] of directory.entries()) {
      if (handle.kind === 'directory') await read(handle)
      else {
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await (await handle.getFile()).arrayBuffer()))
        found[name] = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
      }
    }
  }
  const boxes = await (await navigator.storage.getDirectory()).getDirectoryHandle('mayfly-boxes')
  for await (const [name, box] of boxes.entries()) if (!name.endsWith('-pieces')) await read(box)
  return found
})()`

async function send(page: EnginePage, link: string, paths: string[], words: string): Promise<void> {
  await page.goto(link)
  await sees(page, shown('drop-send'), LONG_MS)
  await page.choose('[data-testid="page-file"]', paths)
  await page.fill('[data-testid="drop-words"]', words)
  await page.click('[data-testid="drop-send"]')
}

describe.each(ENGINES)('engines: a box in %s', (engine) => {
  const next = ENGINES[(ENGINES.indexOf(engine) + 1) % ENGINES.length] as typeof engine

  test(`takes files and words from ${next}, also after a reload`, async (context) => {
    const [owner, sender] = await Promise.all([openEngine(engine, context), openEngine(next, context)])
    const folder = await createTemporaryDirectory()
    const files = { 'large.bin': randomBytes(3 * 1_048_576 + 1), 'small.bin': randomBytes(7), 'é 漢字.txt': randomBytes(9) }
    const paths = Object.keys(files).map((name) => join(folder, name))
    for (const [i, bytes] of Object.values(files).entries()) await writeFile(paths[i] as string, bytes)
    await owner.goto(`${node.url}/boxes`)
    if (engine === 'webkit') return sees(owner, says('boxes-problem', 'keeps no files for a page, so it can have no box'), LONG_MS)
    await sees(owner, shown('box-title'), LONG_MS)
    await owner.fill('[data-testid="box-title"]', 'Photos')
    await owner.click('[data-testid="box-make"]')
    const field = `document.querySelector('[data-testid="box"] [data-testid="page-link"]')`
    await sees(owner, `${field}?.value`, LONG_MS)
    const link = await owner.evaluate<string>(`${field}.value`)
    await owner.reload()
    await sees(owner, `${field}?.value === ${JSON.stringify(link)}`, LONG_MS)
    await send(sender, link, paths, 'Here they are')
    await sees(sender, says('drop-done', 'They have 3 files and your words'), LONG_MS)
    await sees(owner, says('folder', '4 files'), LONG_MS)
    await owner.reload()
    await sees(owner, says('folder', '4 files'), LONG_MS)
    const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')
    const expected = { ...files, 'words.txt': 'Here they are\n' }
    expect(await owner.evaluate(STORED)).toEqual(Object.fromEntries(Object.entries(expected).map(([name, bytes]) => [name, sha256(bytes)])))
    await owner.close()
    await sender.reload()
    await sees(sender, says('drop-away', 'They are not here now'), LONG_MS)
  })
})

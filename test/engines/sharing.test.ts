/** The pages to share and to receive, from one engine to the next: listed, received after a reload, saved, and said on both sides. */

import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ENGINES, openEngine, sees } from '../helpers/engines.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

let node: NodeProcess
beforeAll(async () => {
  node = await startNodeProcess()
})
afterAll(() => node?.kill('SIGKILL'))

const shown = (testId: string, attributes = '') => `document.querySelector('[data-testid="${testId}"]${attributes}')`
const LONG_MS = 120_000

/** Files are saved as downloads, whose bytes the test sees. */
const WATCH_DOWNLOADS = `(() => {
  delete globalThis.showSaveFilePicker
  delete globalThis.showDirectoryPicker
  globalThis.downloads = []
  const make = URL.createObjectURL
  URL.createObjectURL = (blob) => {
    downloads.push(blob)
    return make.call(URL, blob)
  }
})()`
const DOWNLOADED = `Promise.all(downloads.map(async (blob) => {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()))
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}))`

describe.each(ENGINES)('engines: a share in %s', (engine) => {
  const next = ENGINES[(ENGINES.indexOf(engine) + 1) % ENGINES.length] as typeof engine

  test(`is received in ${next}, also after a reload`, async (context) => {
    const [ann, ben] = await Promise.all([openEngine(engine, context), openEngine(next, context)])
    const folder = await createTemporaryDirectory()
    const files = [randomBytes(3 * 1_048_576 + 1), randomBytes(7)]
    const paths = ['large.bin', 'small.bin'].map((name) => join(folder, name))
    for (const [i, path] of paths.entries()) await writeFile(path, files[i] as Uint8Array)
    await ann.goto(`${node.url}/share`)
    await sees(ann, shown('page-file'))
    await ann.choose('[data-testid="page-file"]', paths)
    await sees(ann, `${shown('page-link')}?.value`)
    await ben.goto(await ann.evaluate<string>(`${shown('page-link')}.value`))
    await sees(ben, shown('share-state', '[data-state="listed"]'), LONG_MS)
    await ben.reload()
    await sees(ben, shown('share-state', '[data-state="listed"]'), LONG_MS)
    await ben.evaluate(WATCH_DOWNLOADS)
    await ben.click('[data-testid="receive"]')
    await sees(ben, shown('receive-progress', '[data-complete="true"]'), LONG_MS)
    const hashes = files.map((bytes) => createHash('sha256').update(bytes).digest('hex'))
    expect(new Set(await ben.evaluate<string[]>(DOWNLOADED))).toEqual(new Set(hashes))
    await sees(ann, `[...document.querySelectorAll('[data-testid="receivers"] [data-state="done"]')].length === 1`)
    await ann.close()
    await sees(ben, shown('share-state', '[data-state="away"]'), LONG_MS)
  })
})

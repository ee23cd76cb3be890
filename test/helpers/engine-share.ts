/** A share in one browser engine, and another that receives it. */

import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type EnginePage, sees } from './engines.ts'
import { createTemporaryDirectory } from './temporary-directory.ts'

export const shown = (testId: string, attributes = '') => `document.querySelector('[data-testid="${testId}"]${attributes}')`
export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
export const LONG_MS = 120_000

/** Files are saved as downloads, whose bytes the test sees. */
export const WATCH_DOWNLOADS = `(() => {
  delete globalThis.showSaveFilePicker
  delete globalThis.showDirectoryPicker
  globalThis.downloads = []
  const make = URL.createObjectURL
  URL.createObjectURL = (blob) => {
    downloads.push(blob)
    return make.call(URL, blob)
  }
})()`
export const DOWNLOADED = `Promise.all(downloads.map(async (blob) => {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()))
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}))`

/** Shares two files in one; the other lists them, also after a reload, and saves them; both say so, and it says that the sharer has left. */
export async function shareAcross(url: string, ann: EnginePage, ben: EnginePage): Promise<void> {
  const folder = await createTemporaryDirectory()
  const files = [randomBytes(3 * 1_048_576 + 1), randomBytes(7)]
  const paths = ['large.bin', 'small.bin'].map((name) => join(folder, name))
  for (const [i, path] of paths.entries()) await writeFile(path, files[i] as Uint8Array)
  await ann.goto(`${url}/share`)
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
  expect(new Set(await ben.evaluate<string[]>(DOWNLOADED))).toEqual(new Set(files.map(sha256)))
  await sees(ann, `[...document.querySelectorAll('[data-testid="receivers"] [data-state="done"]')].length === 1`)
  await ann.close()
  await sees(ben, shown('share-state', '[data-state="away"]'), LONG_MS)
}

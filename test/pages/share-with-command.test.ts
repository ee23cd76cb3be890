/** Shares between a browser and the command, both ways: sizes around a piece, twins, folders in folders, and names in any script. */

import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { expect, it } from 'vitest'
import { saveAsDownloads, sha256Hex } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { runMayfly, spawnMayfly } from '../helpers/mayfly-process.ts'
import { useNode } from '../helpers/one-node.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { readZip } from '../helpers/zip-reader.ts'

const node = useNode()
const chromium = useChromium()

const SEES_MS = 60_000
const PIECE = 262_144

/** Files in a folder on disk, by path. */
async function makeFolder(): Promise<{ folder: string; files: Record<string, string> }> {
  const folder = join(await createTemporaryDirectory(), 'things')
  const files: Record<string, string> = {}
  const sizes = [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 1]
  for (const [path, bytes] of Object.entries({
    ...Object.fromEntries(sizes.map((size) => [`sizes/${size}`, randomBytes(size)])),
    'a/x.txt': Buffer.from('one'),
    'b/deep/er/x.txt': Buffer.from('another'),
    'b/写真 \u{1f642}/été.txt': Buffer.from('été'),
  })) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
    files[`things/${path}`] = sha256Hex(bytes)
  }
  return { folder, files }
}

it('mayfly share to a browser, by its code: one zip file has everything, and the command hears that it does', async () => {
  const { folder, files } = await makeFolder()
  const mayfly = spawnMayfly(['share', folder, '--once', '--json', '--join', node.url])
  const { code } = JSON.parse(await mayfly.stdout.waitFor((line) => JSON.parse(line).type === 'code')) as { code: string }
  const page = await chromium.newPage()
  await saveAsDownloads(page)
  await page.goto(`${node.url}/s`)
  await page.getByTestId('share-code').fill(code)
  await page.getByTestId('share-code').press('Enter')
  const downloading = page.waitForEvent('download', { timeout: SEES_MS })
  await page.getByTestId('receive').click({ timeout: SEES_MS })
  const download = await downloading
  const inside = [...readZip(await readFile((await download.path()) ?? ''))].map(([path, bytes]) => [path, sha256Hex(bytes)])
  expect([download.suggestedFilename(), Object.fromEntries(inside)]).toEqual(['things.zip', files])
  await page.locator('[data-testid="receive-progress"][data-complete="true"]').waitFor({ timeout: SEES_MS })
  expect(await mayfly.exited).toEqual({ code: 0, signal: null })
})

it('a browser to mayfly receive, by its code: a folder comes with its folders, and the page says that it was received', async () => {
  const { folder, files } = await makeFolder()
  const page = await chromium.newPage()
  await page.goto(`${node.url}/share`)
  await page.getByTestId('page-folder').setInputFiles(folder)
  const code = (await page.getByTestId('share-code').textContent({ timeout: SEES_MS })) ?? ''
  const root = await createTemporaryDirectory()
  const saved = join(root, 'saved')
  const got = await runMayfly(['receive', code, '--data', join(root, 'data'), '-o', saved, '--yes', '--join', node.url])
  expect([got.code, got.stderr]).toEqual([0, ''])
  const found = (await readdir(saved, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const sums = found.map(async ({ parentPath, name }): Promise<[string, string]> => {
    const path = join(parentPath, name)
    return [relative(saved, path), sha256Hex(await readFile(path))]
  })
  expect(Object.fromEntries(await Promise.all(sums))).toEqual(files)
  await page.locator('[data-testid="receivers"] [data-state="done"]').getByText('has everything it took').waitFor({ timeout: SEES_MS })
})

/** `mayfly receive --files`, and what others send to it: by the command, and by a gateway. Each process is real. */

import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runMayfly, spawnMayfly } from '../helpers/mayfly-process.ts'
import { useNodePair } from '../helpers/node-pair.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const nodes = useNodePair()

async function openBox(folder: string, data: string, ...flags: string[]) {
  const mayfly = spawnMayfly(['receive', '--files', folder, '--data', data, '--json', '--join', nodes.near.url, ...flags])
  const box = JSON.parse(await mayfly.stdout.waitFor(() => true)) as { url: string; putUrl: string }
  return { mayfly, ...box }
}

const send = (url: string, ...args: string[]) => runMayfly(['share', ...args, '--to', url, '--join', nodes.far.url])

test('drop box: files come into a folder each, with the words; what does not fit is refused in words; the link stays', async () => {
  const root = await createTemporaryDirectory()
  const [folder, data, file, picture] = ['for-me', 'data', 'a.txt', 'b.png'].map((name) => join(root, name)) as [
    string,
    string,
    string,
    string,
  ]
  const bytes = randomBytes(700_000)
  await writeFile(file, bytes)
  await writeFile(picture, 'no picture')
  const box = await openBox(folder, data, '--accept', '.txt', '--max-files', '1')

  const sent = await send(box.url, file, '--from', 'Anna', '--text', 'the last version')
  expect([sent.code, sent.stderr]).toEqual([0, ''])
  const [first = ''] = await readdir(folder)
  expect(first).toMatch(/^\d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d Anna$/)
  expect(Buffer.compare(await readFile(join(folder, first, 'a.txt')), bytes)).toBe(0)
  expect(await readFile(join(folder, first, 'words.txt'), 'utf8')).toBe('the last version\n')

  for (const args of [[picture], [file, file]]) {
    const refused = await send(box.url, ...args)
    expect([refused.code, refused.stderr === '']).toEqual([1, false])
  }
  const pushed = await fetch(`${box.putUrl}pushed.txt`, { method: 'PUT', body: 'by a gateway' })
  expect(pushed.status, await pushed.text()).toBeLessThan(300)
  const second = (await readdir(folder)).find((name) => name !== first) ?? ''
  expect(await readFile(join(folder, second, 'pushed.txt'), 'utf8')).toBe('by a gateway')

  expect(await runMayfly(['receive', '--files', folder, '--data', data, '--join', nodes.near.url])).toMatchObject({ code: 2 })
  expect(await box.mayfly.kill('SIGINT')).toEqual({ code: 0, signal: null })
  const again = await openBox(folder, data)
  expect(again.url).toBe(box.url)
  expect((await send(again.url, '--text', 'words alone')).code).toBe(0)
})

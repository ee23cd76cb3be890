/** `mayfly receive --files`, and what others send to it: by the command, and by a gateway. Each process is real. Its disk fills, and it is killed. */

import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runMayfly, spawnMayfly } from '../helpers/mayfly-process.ts'
import { useNodePair } from '../helpers/node-pair.ts'
import { createSmallDisk } from '../helpers/small-disk.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const MIB = 1_048_576

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

/** A file of 6 MiB on its way to the box, slowly; resolves when a part of it is there. */
async function beginSending(url: string, folder: string) {
  const path = join(await createTemporaryDirectory(), 'film')
  const bytes = randomBytes(6 * MIB)
  await writeFile(path, bytes)
  const args = ['--from', 'Anna', '--peer-rate', '2MB', '--json', '--join', nodes.far.url]
  const sender = spawnMayfly(['share', path, '--to', url, ...args])
  const files = async () => (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  await waitFor(async () => (await files()).some(({ name }) => name.endsWith('.part')), 30_000, 'a part is there')
  return {
    sender,
    /** All of it is there, and nothing else. */
    async mustBeWhole(): Promise<void> {
      expect(await sender.exited, sender.stderr.lines.join('\n')).toEqual({ code: 0, signal: null })
      const [only, ...others] = await files()
      expect([only?.name, others]).toEqual(['film', []])
      expect(Buffer.compare(await readFile(join(only?.parentPath ?? '', 'film')), bytes)).toBe(0)
    },
  }
}

const newsOf = (line: string) => {
  const { type, state, text } = JSON.parse(line) as Record<string, unknown>
  return type === 'news' ? `${state}: ${text}` : undefined
}

test('drop box: a full disk is said on both sides, keeps nothing half, and the submission goes on by itself with room', async (context) => {
  const disk = await createSmallDisk(8 * MIB)
  if (disk === undefined) return context.skip('this process may mount no file system of its own')
  const folder = join(disk, 'for-me')
  const box = await openBox(folder, join(await createTemporaryDirectory(), 'data'))
  const { sender, mustBeWhole } = await beginSending(box.url, folder)
  const filler = join(disk, 'filler')
  await writeFile(filler, new Uint8Array(8 * MIB)).catch(() => {}) // as much as there is room for
  await sender.stdout.waitFor((line) => newsOf(line) === 'failed: Its disk is full')
  await sender.stderr.waitFor((line) => line.includes('Its disk is full. It goes on by itself once its owner has mended that'))
  await box.mayfly.stderr.waitFor((line) => line.includes('the disk is full: make room'))

  const pushed = await fetch(`${box.putUrl}pushed.txt`, { method: 'PUT', body: randomBytes(MIB) })
  expect([pushed.status, await pushed.text()]).toEqual([507, expect.stringContaining('Its disk is full')])
  await rm(filler)
  await mustBeWhole()
})

test('drop box: killed in the middle and started again, it goes on with the same submission, without its sender', async () => {
  const root = await createTemporaryDirectory()
  const [folder, data] = [join(root, 'for-me'), join(root, 'data')]
  const first = await openBox(folder, data)
  const { sender, mustBeWhole } = await beginSending(first.url, folder)
  const before = await readdir(folder)
  expect(before).toHaveLength(1)
  await first.mayfly.kill('SIGKILL')
  const second = await openBox(folder, data)
  expect(second.url).toBe(first.url)
  await mustBeWhole()
  expect(await readdir(folder)).toEqual(before)
  expect(sender.stderr.lines).toEqual([])
})

/** `mayfly get` and its targets, from a gateway that has what the test gives it. */

import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { runCommand } from '../../../node/cli/command.ts'
import { type BundleEntry, createLinkKey, encodeBundle, encodeLinkKey, memorySource, sealSource } from '../../../node/index.ts'
import { createCollectingStream } from '../../helpers/collecting-stream.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest()

async function run(argv: string[], { isTTY = false } = {}) {
  const stdout = createCollectingStream({ isTTY })
  const stderr = createCollectingStream()
  const signal = new AbortController().signal
  const exitCode = await runCommand({ argv, env: {}, stdin: new PassThrough().end(), stdout, stderr, signal })
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
}

/** Serves each content by its hash; resolves with a function that makes its link. */
async function serve(...contents: (Uint8Array | string)[]) {
  const byHash = new Map(contents.map((content) => [sha256(content).toString('hex'), content]))
  const server = createServer(({ url = '' }, response) => {
    const content = byHash.get(/^\/raw\/([0-9a-f]{64})/.exec(url)?.[1] ?? '')
    response.writeHead(content === undefined ? 404 : 200).end(content)
  })
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return (content: Uint8Array | string, rest = '') => `${origin}/${sha256(content).toString('hex')}${rest}`
}

const entryOf = (path: string, content: string): BundleEntry => ({ path, size: content.length, type: '', key: sha256(content) })

test.each([true, false])('get: a folder without a target says what to do, on a terminal: %s', async (isTTY) => {
  const paths = ['index.html', 'a b.txt', 'c', 'd', 'e', 'f']
  const bundle = encodeBundle(paths.map((path) => entryOf(path, path)))
  const link = await serve(bundle)
  const { exitCode, stdout, stderr } = await run(['get', link(bundle)], { isTTY })
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/folder of 6 files, 21 bytes: a b\.txt, c, d, e, f and 1 more\. .*--output FOLDER.*\/PATH/)
  // Its list is for those who ask for it by name.
  expect((await run(['get', link(bundle), '-o', '-'])).exitCode).toBe(0)
})

test.each([
  ['?filename=report%20%C3%A9.pdf', 'report é.pdf'],
  ['?filename=..%2F..%2Fetc%2Fpasswd', '_._.._etc_passwd'],
  ['?filename=.bashrc', '_bashrc'],
  ['?filename=-rf', '_rf'],
  ['?filename=a%0Ab%E2%80%AEgpj.exe', 'abgpj.exe'],
  ['?filename=..', undefined],
  ['', undefined],
])('get: into a folder, a file gets the name of its link, made harmless: %s', async (query, name = sha256('content').toString('hex')) => {
  const link = await serve('content')
  const folder = join(await createTemporaryDirectory(), 'new')
  expect(await run(['get', link('content', query), '-o', `${folder}/`])).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await readdir(folder)).toEqual([name])
  expect(await readFile(join(folder, name), 'utf8')).toBe('content')
})

test('get: into a folder that is there, without a slash behind it; a file of a bundle has its own name, a private file the one in it', async () => {
  const folder = await createTemporaryDirectory()
  const bundle = encodeBundle([entryOf('sub/page.html', 'content')])
  const linkKey = createLinkKey()
  const source = await sealSource(memorySource(Buffer.from('secret')), linkKey, { name: 'private.txt', type: 'text/plain' })
  const sealed = Buffer.from(await source.read(0, source.size))
  const link = await serve(bundle, 'content', sealed)
  expect(await run(['get', link(bundle, '/sub/page.html'), '-o', folder])).toMatchObject({ exitCode: 0 })
  expect(await run(['get', link(sealed, `?filename=other#k=${encodeLinkKey(linkKey)}`), '-o', folder])).toMatchObject({ exitCode: 0 })
  expect((await readdir(folder)).toSorted()).toEqual(['page.html', 'private.txt'])
  expect(await readFile(join(folder, 'private.txt'), 'utf8')).toBe('secret')
  // Once more: both are there already.
  expect((await run(['get', link(sealed, `#k=${encodeLinkKey(linkKey)}`), '-o', folder])).stdout).toMatch(/there already\n$/)
})

test('get: into a folder, nothing is replaced, and no link is followed', async () => {
  const parent = await createTemporaryDirectory()
  const folder = join(parent, 'in')
  await mkdir(folder)
  await writeFile(join(folder, 'mine'), 'my own')
  await symlink('../outside', join(folder, 'link'))
  const link = await serve('content')
  for (const name of ['mine', 'link']) {
    const { exitCode, stderr } = await run(['get', link('content', `?filename=${name}`), '-o', folder])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`-o ${join(folder, 'NAME')}`)])
  }
  expect(await readFile(join(folder, 'mine'), 'utf8')).toBe('my own')
  expect(await readdir(parent)).toEqual(['in'])
  expect((await run(['get', link('content', '?filename=new'), '-o', folder])).stdout).toBe(`${join(folder, 'new')}: 7 bytes\n`)
  expect((await run(['get', link('content', '?filename=new'), '-o', folder])).stdout).toContain('there already')
})

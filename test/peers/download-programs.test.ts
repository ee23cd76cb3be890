/**
 * Download programs that know nothing of mayfly, run against a gateway that does not hold what they fetch: single files, whole bundles, a
 * repository of apt, cut downloads, and a shared cache in front. rclone is too large for the tests' set-up (58 MB): its requests stand in.
 */

import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { encodeKeyCid } from '../../node/index.ts'
import { hashOf } from '../helpers/gateway-client.ts'
import { generatedBytes } from '../helpers/generated-content.ts'
import { type MayflyProcess, spawnMayfly } from '../helpers/mayfly-process.ts'
import { startNginx } from '../helpers/nginx.ts'
import { useNodePair } from '../helpers/node-pair.ts'
import { runProgram } from '../helpers/program.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const nodes = useNodePair()

type Files = Record<string, string | Uint8Array>

async function writeFiles(directory: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }
}

/** Holds a file or a folder behind the first node. The address is of the second. */
async function hold(path: string): Promise<{ hash: string; url: string; holder: MayflyProcess }> {
  const holder = spawnMayfly(['hold', path, '--json', '--join', nodes.near.url])
  const { hash } = JSON.parse(await holder.stdout.waitFor((line) => line.includes('"url"'))) as { hash: string }
  return { hash, url: `${nodes.far.url}/${hash}`, holder }
}

/** New content of some pieces, in a file of its own. */
async function holdFile(seed: number, size = 3_000_000) {
  const directory = await createTemporaryDirectory()
  const bytes = generatedBytes(0, size, seed)
  await writeFile(join(directory, 'content.bin'), bytes)
  return { directory, bytes, ...(await hold(join(directory, 'content.bin'))) }
}

const SITE: Files = {
  'one.txt': 'one',
  'sub/t wo é.txt': 'two',
  'sub/deep/a%2Fb 100%25.txt': 'three',
  'q?#[x]|&.txt': 'four',
  'sub/large.bin': generatedBytes(0, 600_000, 9),
}

async function holdSite() {
  const directory = await createTemporaryDirectory()
  await writeFiles(join(directory, 'site'), SITE)
  return { directory, ...(await hold(join(directory, 'site'))) }
}

async function expectSite(directory: string): Promise<void> {
  for (const [path, content] of Object.entries(SITE)) {
    expect([path, hashOf(await readFile(join(directory, path)))]).toEqual([path, hashOf(content)])
  }
}

test('wget2, which names HTML, gets the bytes; wget -N fetches nothing anew', async () => {
  const { directory, url, hash } = await holdFile(1)
  const got = join(directory, 'got')
  expect((await runProgram('wget2', ['--quiet', '--output-document', got, url])).code).toBe(0)
  expect(hashOf(await readFile(got))).toBe(hash)
  for (const status of ['200 OK', '304 Not Modified']) {
    const { code, stderr } = await runProgram('wget', ['--server-response', '--timestamping', url], directory)
    expect([code, stderr]).toEqual([0, expect.stringContaining(`HTTP/1.1 ${status}`)])
  }
  expect(hashOf(await readFile(join(directory, hash)))).toBe(hash)
})

test('wget2 -r and lftp fetch every file of a bundle under its own name', async () => {
  const { directory, hash, url } = await holdSite()
  const flags = ['--quiet', '--recursive', '--no-parent', '--no-host-directories', `--directory-prefix=${directory}`]
  expect((await runProgram('wget2', [...flags, `${url}/`])).code).toBe(0)
  await expectSite(join(directory, hash))
  const mirrored = join(directory, 'mirrored')
  expect((await runProgram('lftp', ['-c', `set net:max-retries 2; mirror ${url}/ ${mirrored}`])).code).toBe(0)
  await expectSite(mirrored)
})

/** Sizes of all files, by the rules of rclone's http backend: links of one folder at a time, without a query, then HEAD for each. */
async function listAsRclone(url: string, prefix = ''): Promise<Record<string, number>> {
  const html = await (await fetch(url, { headers: { accept: '*/*', 'user-agent': 'rclone/v1.60.1' } })).text()
  const found: Record<string, number> = {}
  for (const [, href = ''] of html.matchAll(/<a href="([^"]*)"/g)) {
    const target = new URL(href.replaceAll('&amp;', '&').replaceAll('&#39;', "'"), url)
    const name = target.href.startsWith(url) && target.search === '' ? decodeURIComponent(target.href.slice(url.length)) : ''
    if (name === '' || name.slice(0, -1).includes('/')) continue
    if (name.endsWith('/')) Object.assign(found, await listAsRclone(target.href, prefix + name))
    else found[prefix + name] = Number((await fetch(target, { method: 'HEAD' })).headers.get('content-length'))
  }
  return found
}

test('rclone’s requests list every file of a bundle with its size', async () => {
  const { url } = await holdSite()
  const sizes = Object.fromEntries(Object.entries(SITE).map(([path, content]) => [path, Buffer.byteLength(content)]))
  expect(await listAsRclone(`${url}/`)).toEqual(sizes)
})

test('a bundle is a flat repository of apt, and a cut download goes on where it was', async () => {
  const directory = await createTemporaryDirectory()
  const control = 'Package: hello-mayfly\nVersion: 1:1.0\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: a test\n'
  await writeFiles(directory, { 'package/DEBIAN/control': control, 'package/usr/share/hello/data': generatedBytes(0, 300_000, 3) })
  const name = 'hello-mayfly_1%3a1.0_all.deb'
  await mkdir(join(directory, 'repository'))
  const built = join(directory, 'repository', name)
  expect((await runProgram('dpkg-deb', ['--root-owner-group', '-Znone', '--build', join(directory, 'package'), built])).code).toBe(0)
  const packed = await readFile(built)
  const index = `${control}Filename: ./${name}\nSize: ${packed.byteLength}\nSHA256: ${hashOf(packed)}\n`
  await writeFile(join(directory, 'repository', 'Packages'), index)
  const { url } = await hold(join(directory, 'repository'))

  // Nothing of this machine's own apt is read or written.
  const [lists, cache] = [join(directory, 'lists'), join(directory, 'cache')]
  const places = { 'State::lists': lists, State: directory, Cache: cache, 'Etc::sourceparts': '-', 'Etc::preferencesparts': directory }
  await writeFiles(directory, { 'lists/partial/.keep': '', 'cache/archives/partial/.keep': '', status: '' })
  await writeFile(join(directory, 'sources.list'), `deb [trusted=yes] ${url} ./\n`)
  const options = Object.entries({
    ...Object.fromEntries(Object.entries(places).map(([key, value]) => [`Dir::${key}`, value])),
    'Dir::State::status': join(directory, 'status'),
    'Dir::Etc::sourcelist': join(directory, 'sources.list'),
    'APT::Sandbox::User': '',
    'Debug::NoLocking': '1',
    'Debug::Acquire::http': '1',
  }).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  const apt = async (...args: string[]) => {
    const { code, stdout, stderr } = await runProgram('apt-get', [...options, '-y', ...args])
    expect([code, code === 0 ? '' : stdout.toString() + stderr]).toEqual([0, ''])
    return stdout.toString() + stderr
  }
  await apt('update')
  await apt('install', '--download-only', 'hello-mayfly')
  const archive = join(cache, 'archives', name)
  expect(hashOf(await readFile(archive))).toBe(hashOf(packed))

  const { mtime } = await stat(archive) // apt gives it the time of Last-Modified, and asks with it
  const partial = join(cache, 'archives', 'partial', name)
  await rename(archive, partial)
  await truncate(partial, 100_000)
  await utimes(partial, mtime, mtime)
  const said = await apt('install', '--download-only', 'hello-mayfly')
  expect(said).toContain('HTTP/1.1 206 Partial Content')
  expect(hashOf(await readFile(archive))).toBe(hashOf(packed))
})

test('zsync, which asks for 20 ranges at once, fetches only what is new', async () => {
  const { directory, url, hash, bytes } = await holdFile(4)
  const old = Uint8Array.from(bytes)
  for (let at = 0; at < old.byteLength; at += 40_000) old[at] = (old[at] ?? 0) ^ 255
  await writeFile(join(directory, 'old.bin'), old)
  const index = join(directory, 'content.zsync')
  expect((await runProgram('zsyncmake', ['-u', url, '-o', index, join(directory, 'content.bin')])).code).toBe(0)
  const { code, stdout } = await runProgram('zsync', ['-i', 'old.bin', '-o', 'got', index], directory)
  expect([code, stdout.toString()]).toEqual([0, expect.stringContaining('checksum matches OK')])
  expect(Number(/fetched (\d+)/.exec(stdout.toString())?.[1])).toBeLessThan(bytes.byteLength / 10)
  expect(hashOf(await readFile(join(directory, 'got')))).toBe(hash)
})

test('curl goes on with a cut download at the first request, and plain aria2c checks by the digest that it asked for', async () => {
  const { directory, url, hash, bytes } = await holdFile(5)
  const got = join(directory, 'got')
  await writeFile(got, bytes.subarray(0, 1_000_000))
  const resumed = await runProgram('curl', ['--silent', '--fail', '--continue-at', '-', '--output', got, url])
  expect([resumed.code, hashOf(await readFile(got))]).toEqual([0, hash])
  const flags = ['--no-conf=true', '--split=4', '--min-split-size=1M', '--log=-', '--log-level=info', '--file-allocation=none']
  const { code, stdout } = await runProgram('aria2c', [...flags, `--dir=${directory}`, '--out=again', url])
  expect([code, stdout.toString()]).toEqual([0, expect.stringContaining('Verification finished successfully')])
  expect(hashOf(await readFile(join(directory, 'again')))).toBe(hash)
})

test('behind a shared cache nothing outlives its holder', async () => {
  const { hash, holder } = await holdSite()
  const block = createHash('sha256').update('one').digest()
  const cache = 'proxy_cache shared; proxy_cache_valid any 1h; proxy_cache_min_uses 1; proxy_set_header Host $host;'
  const proxy = await startNginx(nodes.far.port, cache)
  const paths = [
    `/${hash}`,
    `/raw/${hash}`,
    `/${hash}/`,
    `/${hash}/one.txt`,
    `/raw/${hash}/sub/large.bin`,
    `/${hash}/sub`,
    `/${hash}?format=zip`,
    `/${hash}?format=metalink`,
    `/${block.toString('hex')}`,
    `/ipfs/${encodeKeyCid(block)}?format=raw`,
  ]
  const statuses = () => Promise.all(paths.map(async (path) => (await fetch(`${proxy}${path}`, { redirect: 'manual' })).status))
  for (let i = 0; i < 2; i++) expect(await statuses()).toEqual(paths.map((path) => (path === `/${hash}/sub` ? 308 : 200)))
  await holder.kill('SIGINT')
  let seen: number[] = []
  await waitFor(
    async () => {
      seen = await statuses()
      return seen.every((status) => status === 404)
    },
    20_000,
    () => `everything is gone: ${seen.join(' ')}`,
  )
})

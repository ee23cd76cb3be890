/** The command with content of any size, each process real: files, streams and folders held, got, cut and got again. */

import { createHash, randomBytes } from 'node:crypto'
import {
  appendFile,
  chmod,
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeBundle, decodeKeyHex } from '../../node/index.ts'
import { type MayflyProcess, runMayfly, spawnMayfly } from '../helpers/mayfly-process.ts'
import { useNodePair } from '../helpers/node-pair.ts'
import type { NodeProcess } from '../helpers/node-process.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { readZip } from '../helpers/zip-reader.ts'

const MIB = 1_048_576

const nodes = useNodePair()

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Holds the paths among the arguments; resolves with the process and its output line for each. */
async function hold(...args: string[]): Promise<{ process: MayflyProcess; held: Held[] }> {
  const process = spawnMayfly(['hold', ...args, '--json', '--join', nodes.near.url])
  const paths = args.filter((arg) => !arg.startsWith('--'))
  await process.stdout.waitFor(() => process.stdout.lines.filter((line) => line.includes('"url"')).length === paths.length)
  return { process, held: process.stdout.lines.filter((line) => line.includes('"url"')).map((line) => JSON.parse(line) as Held) }
}

interface Held {
  hash: string
  url: string
  size: number
  outline?: string
  files?: number
}

async function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
}

async function readFiles(folder: string): Promise<Map<string, Uint8Array>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  return new Map(await Promise.all(files.toSorted().map(async (file) => [file.slice(folder.length + 1), await readFile(file)] as const)))
}

/** Over the wire, whichever way they went. */
async function bytesSent({ url }: NodeProcess): Promise<number> {
  const { counts } = (await (await fetch(`${url}/api/v1/status`)).json()) as { counts: { bytesSent: number } }
  return counts.bytesSent
}

/** As programs that keep a container or a database do. */
async function changeInPlace(path: string): Promise<void> {
  const { atime, mtime } = await stat(path)
  const file = await open(path, 'r+')
  await file.write('CHANGED-LATER', 300_000)
  await file.close()
  await utimes(path, atime, mtime)
}

describe('command: content of any size', () => {
  test('hold, get: files around the size of a piece, and of many, are got back as they were', async () => {
    const directory = await createTemporaryDirectory()
    const sizes = [0, 1, 262_143, 262_144, 262_145, 5 * MIB + 3]
    const contents = sizes.map((size) => randomBytes(size))
    const paths = sizes.map((size) => join(directory, String(size)))
    for (const [i, path] of paths.entries()) await writeFile(path, contents[i] ?? '')
    const { held } = await hold(...paths)
    for (const [i, { hash, url, size, outline }] of held.entries()) {
      const bytes = contents[i] ?? Buffer.alloc(0)
      expect([hash, size]).toEqual([sha256(bytes), sizes[i]])
      expect(url).toBe(`${nodes.near.url}/${hash}?${outline === undefined ? '' : `o=${outline}&`}filename=${size}`)
      expect(outline !== undefined).toBe(size > 262_144)
      const [piped, plain] = await Promise.all([runMayfly(['get', url]), runMayfly(['get', hash, '--join', nodes.far.url])])
      expect([piped.code, sha256(piped.stdout), piped.stderr]).toEqual([0, hash, ''])
      expect([plain.code, sha256(plain.stdout), plain.stderr]).toEqual([0, hash, ''])
      const out = join(directory, `out-${size}`)
      expect(await runMayfly(['get', url, '-o', out, '--join', nodes.far.addresses[0] ?? ''])).toMatchObject({ code: 0, stderr: '' })
      expect(sha256(await readFile(out))).toBe(hash)
    }
  })

  test('hold, get: standard input of many pieces is held, and leaves no file', async () => {
    const bytes = randomBytes(3 * MIB + 1)
    const temporary = await createTemporaryDirectory()
    const process = spawnMayfly(['hold', '-', '--join', nodes.near.url], { stdin: bytes, env: { TMPDIR: temporary } })
    const link = await process.stdout.waitFor(() => true)
    expect(link).toMatch(new RegExp(`^${nodes.near.url}/${sha256(bytes)}\\?o=[0-9a-f]{64}$`))
    expect(await readdir(temporary)).toEqual([])
    expect((await runMayfly(['get', link])).stdout.equals(bytes)).toBe(true)
  })

  test('get: two at once to one file: one is refused, and the file is right and stays right', async () => {
    const directory = await createTemporaryDirectory()
    const bytes = randomBytes(8 * MIB)
    await writeFile(join(directory, 'in'), bytes)
    const { held } = await hold('--peer-rate=4MB', join(directory, 'in'))
    const out = join(directory, 'out')
    const args = ['get', held[0]?.url ?? '', '-o', out]
    const first = spawnMayfly(args)
    const part = `${out}.${held[0]?.hash.slice(0, 16)}.part`
    await waitFor(async () => ((await stat(part).catch(() => undefined))?.size ?? 0) > 0, 30_000, 'the first has begun')
    // The first waits: it could be done before the second has started.
    await first.kill('SIGSTOP')
    expect(await runMayfly(args)).toMatchObject({ code: 1, stderr: expect.stringContaining('another process') })
    await first.kill('SIGCONT')
    expect(await first.exited).toEqual({ code: 0, signal: null })
    expect(sha256(await readFile(out))).toBe(sha256(bytes))
    expect(await readdir(directory)).toEqual(['in', 'out'])
  })

  test('get: a link with the hash of another outline gives nothing', async () => {
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, 'a'), randomBytes(MIB))
    const { held } = await hold(join(directory, 'a'))
    const link = `${nodes.near.url}/${held[0]?.hash}?o=${'0'.repeat(64)}`
    expect(await runMayfly(['get', link])).toMatchObject({ code: 1, stdout: Buffer.alloc(0) })
    expect(await runMayfly(['get', link, '-o', join(directory, 'out')])).toMatchObject({ code: 1 })
    expect(await readdir(directory)).toEqual(['a'])
  })

  test.each<[string, (path: string) => Promise<void>]>([
    ['longer', (path) => appendFile(path, 'more')],
    ['shorter', (path) => truncate(path, 1)],
    ['other bytes, and its old time back', changeInPlace],
  ])('hold: a file that gets %s is released, which is said, and ends what holds nothing more', async (_, change) => {
    const path = join(await createTemporaryDirectory(), 'a')
    await writeFile(path, randomBytes(MIB))
    const { process, held } = await hold(path)
    const { hash = '' } = held[0] ?? {}
    await change(path)
    expect(JSON.parse(await process.stdout.waitFor((line) => JSON.parse(line).type === 'release'))).toEqual({
      type: 'release',
      hash,
      name: path,
      reason: expect.any(String),
    })
    expect(await process.exited).toEqual({ code: 1, signal: null })
    expect(JSON.parse(process.stderr.lines.at(-1) ?? '')).toMatchObject({ error: { code: 'ERR_UNAVAILABLE' } })
    expect(await runMayfly(['holders', hash, '--join', nodes.far.url])).toMatchObject({ code: 3 })
  })

  test('hold --private: a file that is written to in place is released, and nothing that was changed is sealed and sent', async () => {
    const path = join(await createTemporaryDirectory(), 'vault')
    await writeFile(path, Buffer.alloc(MIB, 'A'))
    const { process, held } = await hold('--private', path)
    const { hash = '', url = '' } = held[0] ?? {}
    const link = new URL(url)
    const before = Buffer.from(await (await fetch(`${nodes.near.url}/raw/${hash}${link.search}`)).arrayBuffer())
    expect(sha256(before)).toBe(hash)
    await changeInPlace(path)
    const after = await fetch(`${nodes.near.url}/raw/${hash}${link.search}`)
    const bytes = await after.arrayBuffer().then(Buffer.from, () => Buffer.alloc(0))
    expect(before.subarray(0, after.ok ? bytes.byteLength : 0).equals(after.ok ? bytes : Buffer.alloc(0))).toBe(true)
    expect(await process.exited).toEqual({ code: 1, signal: null })
    expect(await runMayfly(['holders', hash, '--join', nodes.far.url])).toMatchObject({ code: 3 })
  })

  test('hold: a file that is touched, or replaced by a copy, is still held', async () => {
    const path = join(await createTemporaryDirectory(), 'a')
    const bytes = randomBytes(MIB)
    await writeFile(path, bytes)
    const { process, held } = await hold(path)
    await utimes(path, 1, 1)
    await copyFile(path, `${path}.copy`)
    await rename(`${path}.copy`, path)
    await chmod(path, 0o600)
    expect(sha256((await runMayfly(['get', held[0]?.url ?? ''])).stdout)).toBe(sha256(bytes))
    await changeInPlace(path) // noticed, so the watch has followed the copy, and all before it was looked at
    await process.stdout.waitFor((line) => JSON.parse(line).type === 'release')
  })

  test('hold: a file that says it is empty and is not is read to its end', async () => {
    const { held } = await hold('/proc/version', '/proc/self/mountinfo')
    const bytes = await readFile('/proc/version')
    expect(held[0]).toMatchObject({ hash: sha256(bytes), size: bytes.byteLength })
    expect(held[1]?.size).toBeGreaterThan(0)
    expect((await runMayfly(['get', held[0]?.url ?? ''])).stdout.equals(bytes)).toBe(true)
  })

  test.each(['with', 'without'])(
    'get: after a kill at half of 100 MiB, %s the hash of the outline, little is fetched twice',
    async (how) => {
      const directory = await createTemporaryDirectory()
      // Bytes fetched ahead are lost, 4 MiB: in 200 MiB that would be 2 %.
      const size = 100 * MIB
      const path = join(directory, 'in')
      await writeFile(path, randomBytes(size))
      const { held } = await hold(path)
      const { hash = '', url = '' } = held[0] ?? {}
      const out = join(directory, 'out')
      const args = ['get', how === 'with' ? url : hash, '-o', out, '--join', nodes.near.url]
      const before = await bytesSent(nodes.near)

      const cut = spawnMayfly(args)
      const partial = `${out}.${hash.slice(0, 16)}.part`
      const sizeThere = async () => (await stat(partial).catch(() => undefined))?.size ?? 0
      await waitFor(
        async () => (await sizeThere()) > size / 2,
        30_000,
        () => `half is there; it said: ${cut.stderr.lines.join(' ')}`,
      )
      await cut.kill('SIGKILL')
      const there = await sizeThere()
      expect(there).toBeLessThan(size)
      const part = `out.${hash.slice(0, 16)}.part`
      expect((await readdir(directory)).toSorted()).toEqual(['in', part, `${part}.lock`])

      expect(await runMayfly(args)).toMatchObject({ code: 0 })
      expect(sha256(await readFile(out))).toBe(hash)
      expect((await readdir(directory)).toSorted()).toEqual(['in', 'out'])
      const sent = (await bytesSent(nodes.near)) - before
      expect(sent).toBeGreaterThanOrEqual(size)
      expect(sent).toBeLessThan(size * 1.05)
    },
  )
})

describe('command: folders', () => {
  test('hold, get: a folder of fifty files comes back as it was, by one link, and each file by its path', async () => {
    const directory = await createTemporaryDirectory()
    const [folder, copy, again] = ['folder', 'copy', 'again'].map((name) => join(directory, name)) as [string, string, string]
    const files = new Map<string, Uint8Array>([
      ['index.html', Buffer.from('<a href="sub dir/🙂.txt">hi</a>')],
      ['sub dir/🙂.txt', Buffer.from('hello 🙂')],
      ['empty', Buffer.alloc(0)],
      ['.hidden', Buffer.from('hidden')],
      ['%2e%2e', Buffer.from('a name that looks like a way out')],
      ['sub dir/deep/large.bin', randomBytes(2 * MIB + 5)],
    ])
    for (let i = files.size; i < 50; i++) files.set(`sub ${i % 5}/file ${i} é.txt`, Buffer.from(`file ${i}`))
    await writeFiles(folder, files)
    const { process, held } = await hold(folder)
    const { hash, url, files: count } = held[0] ?? { hash: '', url: '', files: 0 }
    expect(count).toBe(50)

    const bundle = await runMayfly(['get', url, '-o', '-'])
    expect(sha256(bundle.stdout)).toBe(hash)
    const entries = decodeBundle(bundle.stdout)
    expect(entries.map(({ path }) => path).toSorted()).toEqual([...files.keys()].toSorted())
    expect(entries.find(({ path }) => path === 'index.html')).toMatchObject({
      type: 'text/html',
      key: decodeKeyHex(sha256(files.get('index.html') ?? bundle.stdout)),
    })

    const got = await runMayfly(['get', url, '-o', copy, '--json', '--join', nodes.far.url])
    expect([got.code, JSON.parse(got.stdout.toString())]).toMatchObject([0, { hash, files: 50, directory: copy }])
    expect(await readFiles(copy)).toEqual(await readFiles(folder))

    for (const [path, bytes] of [...files].slice(0, 6)) {
      const link = `${nodes.near.url}/${hash}/${path.split('/').map(encodeURIComponent).join('/')}`
      expect((await runMayfly(['get', link])).stdout.equals(bytes)).toBe(true)
    }
    expect((await runMayfly(['get', `${hash}/sub dir/🙂.txt`, '--join', nodes.far.url])).stdout.toString()).toBe('hello 🙂')
    expect(await runMayfly(['get', `${url}/none`])).toMatchObject({ code: 1, stdout: Buffer.alloc(0) })

    // The same files make the same bundle, wherever they are.
    await process.kill('SIGINT')
    await writeFiles(again, files)
    expect((await hold(again)).held[0]?.hash).toBe(hash)
  })

  test('hold: only the changed file of a folder is released, and the link stays valid', async () => {
    const folder = await createTemporaryDirectory()
    const kept = randomBytes(300_000)
    await writeFiles(
      folder,
      new Map([
        ['changes', Buffer.from('changes')],
        ['stays', kept],
      ]),
    )
    const { process, held } = await hold(folder)
    const { url = '' } = held[0] ?? {}
    await appendFile(join(folder, 'changes'), ' now')
    const line = await process.stdout.waitFor((text) => JSON.parse(text).type === 'release')
    expect(JSON.parse(line)).toMatchObject({ hash: sha256(Buffer.from('changes')), name: join(folder, 'changes') })
    expect((await runMayfly(['get', `${url}/stays`])).stdout.equals(kept)).toBe(true)
    expect(await runMayfly(['get', `${url}/changes`])).toMatchObject({ code: 3 })
    expect(await process.kill('SIGINT')).toEqual({ code: 0, signal: null })
  })

  test('get: a folder is completed, and what is there already stays as it is', async () => {
    const directory = await createTemporaryDirectory()
    const [folder, copy] = [join(directory, 'folder'), join(directory, 'copy')]
    await writeFiles(
      folder,
      new Map([
        ['a', randomBytes(MIB)],
        ['b', Buffer.from('b')],
        ['c', Buffer.from('c')],
      ]),
    )
    const { held } = await hold(folder)
    await writeFiles(
      copy,
      new Map([
        ['a', await readFile(join(folder, 'a'))],
        ['b', Buffer.from('B')],
      ]),
    )
    const { mtimeMs } = await stat(join(copy, 'a'))
    expect(await runMayfly(['get', held[0]?.url ?? '', '-o', copy])).toMatchObject({ code: 0 })
    expect(await readFiles(copy)).toEqual(await readFiles(folder))
    expect((await stat(join(copy, 'a'))).mtimeMs).toBe(mtimeMs)
  })

  test('get: content that is no bundle, but looks like one that leads outside, makes no file', async () => {
    const directory = await createTemporaryDirectory()
    const { encode } = await import('cborg')
    const hostile = encode(['mayfly-bundle', 1, [['../x', 1, '', new Uint8Array(32), null]]])
    await writeFile(join(directory, 'hostile'), hostile)
    const { held } = await hold(join(directory, 'hostile'))
    expect(await runMayfly(['get', held[0]?.url ?? '', '-o', join(directory, 'out')])).toMatchObject({ code: 1 })
    expect(await readdir(directory)).toEqual(['hostile'])
  })

  test.each(['public', 'private'])(
    'hold, get: a folder of more files than a holder has leases is found through its link, %s',
    async (how) => {
      const flags = how === 'private' ? ['--private'] : []
      const directory = await createTemporaryDirectory()
      const folder = join(directory, 'in')
      const files = new Map(Array.from({ length: 300 }, (_, i) => [`${i % 7}/${i}`, Buffer.from(`file ${i}`)] as [string, Buffer]))
      files.set('large', randomBytes(600_000))
      await writeFiles(folder, files)
      const { held } = await hold(...flags, folder)
      const { hash = '', url = '' } = held[0] ?? {}
      const { search, hash: secret } = new URL(url)
      if (how === 'public') {
        const alone = `${nodes.far.url}/raw/${sha256(Buffer.from('file 20'))}`
        expect((await fetch(alone)).status).toBe(404)
        expect(await (await fetch(`${alone}?in=${hash}`)).text()).toBe('file 20')
      }
      const out = join(directory, 'out')
      expect(await runMayfly(['get', `${nodes.far.url}/${hash}${search}${secret}`, '-o', out])).toMatchObject({ code: 0, stderr: '' })
      expect(await readFiles(out)).toEqual(await readFiles(folder))
      const one = await runMayfly(['get', `${nodes.far.url}/${hash}/3/17${search}${secret}`, '--join', nodes.far.addresses[0] ?? ''])
      expect(one.stdout.toString()).toBe('file 17')
      if (how === 'private') return

      const inside = (path: string) => fetch(`${nodes.far.url}/raw/${hash}/${path}${search}`)
      expect(await (await inside('0/14')).text()).toBe('file 14')
      expect(sha256(Buffer.from(await (await inside('large')).arrayBuffer()))).toBe(sha256(files.get('large') ?? Buffer.alloc(0)))
      const zip = readZip(
        Buffer.from(await (await fetch(`${nodes.far.url}/raw/${hash}${search}${search ? '&' : '?'}format=zip`)).arrayBuffer()),
      )
      expect([zip.size, zip.get('5/299')?.toString()]).toEqual([301, 'file 299'])
    },
  )

  test('hold: a folder with what cannot be in a bundle ends with 1 before anything is held', async () => {
    const directory = await createTemporaryDirectory()
    const odd = join(directory, 'odd')
    await writeFiles(odd, new Map([['fine', Buffer.from('a fine file')]]))
    await symlink('/etc/hostname', join(odd, 'out'))
    expect(await runMayfly(['hold', odd, '--join', nodes.near.url])).toMatchObject({
      code: 1,
      stdout: Buffer.alloc(0),
      stderr: expect.stringContaining('"out"'),
    })
    expect(await runMayfly(['holders', sha256(Buffer.from('a fine file')), '--join', nodes.near.url])).toMatchObject({ code: 3 })

    const { held } = await hold('--skip-odd', odd)
    expect(held[0]).toMatchObject({ files: 1, leftOut: [expect.stringContaining('"out"')] })
    expect((await runMayfly(['get', `${held[0]?.url}/fine`])).stdout.toString()).toBe('a fine file')
  })
})

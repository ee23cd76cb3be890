/** Private links from the command to the command, through real nodes: the link opens the content, and without it only cipher text is seen. */

import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { partFilePathOf } from '../../node/cli/fetch/part-file.ts'
import { createLinkKey, decodeLinkKey, encodeLinkKey, isSealed } from '../../node/index.ts'
import { type MayflyProcess, runMayfly, spawnMayfly } from '../helpers/mayfly-process.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { type RecordingProxy, startRecordingProxy } from '../helpers/recording-proxy.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const MIB = 1_048_576

let near: NodeProcess
let far: NodeProcess

beforeAll(async () => {
  near = await startNodeProcess({ args: ['--log-level', 'debug'] })
  far = await startNodeProcess({ join: [near.url], args: ['--log-level', 'debug'] })
  await far.waitForLog(({ msg }) => msg === 'joined')
}, 30_000)

afterAll(async () => {
  await Promise.all([near?.kill('SIGKILL'), far?.kill('SIGKILL')])
})

interface Held {
  hash: string
  url: string
  size: number
  outline?: string
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function holdPrivate(path: string, join = near.url): Promise<{ process: MayflyProcess; held: Held }> {
  const process = spawnMayfly(['hold', '--private', path, '--json', '--join', join])
  const line = await process.stdout.waitFor((text) => text.includes('"url"'))
  return { process, held: JSON.parse(line) as Held }
}

async function writeFiles(folder: string, files: Record<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
}

/** The same link at another gateway. */
const at = (node: { url: string }, link: string) => link.replace(new URL(link).origin, node.url)
const withOtherKey = (link: string) => link.replace(/#k=.*/, `#k=${encodeLinkKey(createLinkKey())}`)

describe('private links', () => {
  test('hold --private, get: files of any size come back as they were, and the held content is cipher text', async () => {
    const directory = await createTemporaryDirectory()
    for (const size of [0, 262_144, 3 * MIB + 3]) {
      const bytes = randomBytes(size)
      const path = join(directory, `${size}.txt`)
      await writeFile(path, bytes)
      const { held } = await holdPrivate(path)
      const { pathname, search, hash: fragment } = new URL(held.url)
      expect(pathname).toBe(`/${held.hash}`)
      expect(search).toBe(held.outline === undefined ? '' : `?o=${held.outline}`)
      expect(fragment).toMatch(/^#k=[A-Za-z0-9_-]{43}$/)

      const cipher = new Uint8Array(await (await fetch(`${far.url}/raw/${held.hash}${search}`)).arrayBuffer())
      expect([isSealed(cipher), sha256(cipher), cipher.byteLength]).toEqual([true, held.hash, held.size])
      const [piped, plain] = await Promise.all([
        runMayfly(['get', at(far, held.url)]),
        runMayfly(['get', `${held.hash}${fragment}`, '--join', far.url]), // without the outline, only the whole can be checked
      ])
      expect([piped.code, sha256(piped.stdout), piped.stderr]).toEqual([0, sha256(bytes), ''])
      expect([plain.code, sha256(plain.stdout), plain.stderr]).toEqual([0, sha256(bytes), ''])
      const out = join(directory, `out-${size}`)
      const got = await runMayfly(['get', held.url, '-o', out, '--json', '--join', far.addresses[0] ?? ''])
      expect([got.code, JSON.parse(got.stdout.toString())]).toMatchObject([
        0,
        { hash: held.hash, size, name: `${size}.txt`, type: 'text/plain' },
      ])
      expect(sha256(await readFile(out))).toBe(sha256(bytes))
    }
    expect((await readdir(directory)).filter((name) => name.includes('part'))).toEqual([])
  })

  test('get: a wrong key is said to be one, ends with 1, and nothing is written; half a key is wrong usage', async () => {
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, 'file'), randomBytes(2 * MIB))
    const { held } = await holdPrivate(join(directory, 'file'))
    const wrong = withOtherKey(held.url)
    for (const target of [[], ['-o', join(directory, 'out')]]) {
      const { code, stdout, stderr } = await runMayfly(['get', wrong, ...target])
      expect([code, stdout.byteLength]).toEqual([1, 0])
      expect(stderr).toContain('the key in the link is not its key')
      expect(stderr).not.toContain(new URL(wrong).hash)
    }
    const half = await runMayfly(['get', held.url.slice(0, -3)])
    expect(half).toMatchObject({ code: 2, stdout: Buffer.alloc(0) })
    expect(half.stderr).not.toContain(new URL(held.url).hash.slice(3, 30))
    expect(await readdir(directory)).toEqual(['file'])
  })

  test('get: a key for content that is not private is an error, and nothing is written', async () => {
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, 'file'), 'a public page')
    const process = spawnMayfly(['hold', join(directory, 'file'), '--join', near.url])
    const url = await process.stdout.waitFor(() => true)
    const key = encodeLinkKey(createLinkKey())
    expect(await runMayfly(['get', `${url}#k=${key}`, '-o', join(directory, 'out')])).toMatchObject({ code: 1 })
    expect(await readdir(directory)).toEqual(['file'])
  })

  test('hold --private, get: a folder comes back whole, any file of it by its path, and existing files stay', async () => {
    const directory = await createTemporaryDirectory()
    const [folder, copy] = [join(directory, 'folder'), join(directory, 'copy')]
    const files = { 'a.txt': Buffer.from('a'), 'sub/b é.bin': randomBytes(MIB), empty: Buffer.alloc(0) }
    await writeFiles(folder, files)
    const { held } = await holdPrivate(folder)
    expect(await runMayfly(['get', held.url, '-o', copy])).toMatchObject({ code: 0, stderr: '' })
    for (const [path, bytes] of Object.entries(files)) expect((await readFile(join(copy, path))).equals(bytes)).toBe(true)
    const { pathname, search, hash } = new URL(held.url)
    const inside = await runMayfly(['get', `${far.url}${pathname}/sub/b%20%C3%A9.bin${search}${hash}`])
    expect([inside.code, sha256(inside.stdout)]).toEqual([0, sha256(files['sub/b é.bin'])])

    await writeFile(join(copy, 'a.txt'), 'b')
    const { mtimeMs } = await stat(join(copy, 'sub/b é.bin'))
    expect(await runMayfly(['get', held.url, '-o', copy])).toMatchObject({ code: 0 })
    expect(await readFile(join(copy, 'a.txt'), 'utf8')).toBe('a')
    expect((await stat(join(copy, 'sub/b é.bin'))).mtimeMs).toBe(mtimeMs)
  })

  test('get: goes on after kill -9 with the plain text that is there, and notices when that was spoiled', async () => {
    const directory = await createTemporaryDirectory()
    const bytes = randomBytes(24 * MIB)
    await writeFile(join(directory, 'file'), bytes)
    const { held } = await holdPrivate(join(directory, 'file'))
    const out = join(directory, 'out')
    const partial = partFilePathOf(out, Buffer.from(held.hash, 'hex'))
    const getting = spawnMayfly(['get', held.url, '-o', out])
    const sizeOf = async () => (await stat(partial).catch(() => undefined))?.size ?? 0
    await waitFor(async () => (await sizeOf()) >= 4 * MIB, 30_000, 'something has come')
    await getting.kill('SIGKILL')
    const left = await sizeOf()
    expect(left).toBeLessThan(24 * MIB)
    expect((await readFile(partial)).equals(bytes.subarray(0, left))).toBe(true)

    const before = await bytesServed(near)
    expect(await runMayfly(['get', held.url, '-o', out])).toMatchObject({ code: 0, stderr: '' })
    expect((await readFile(out)).equals(bytes)).toBe(true)
    expect((await bytesServed(near)) - before).toBeLessThan(held.size - left + 2 * MIB)

    await rm(out)
    await writeFile(partial, Buffer.concat([bytes.subarray(0, 5 * MIB).fill(1, 4_000, 4_001), Buffer.from('junk')]))
    expect(await runMayfly(['get', held.url, '-o', out])).toMatchObject({ code: 0, stderr: '' })
    expect((await readFile(out)).equals(await readFile(join(directory, 'file')))).toBe(true)
  })

  test('nothing of a private file, and not its key, is in what travels, in what nodes say, or in what they are asked', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mayfly-private-'))
    const proxies: RecordingProxy[] = []
    try {
      const canary = 'canary-e2b7'
      const path = join(directory, `${canary}-name.html`)
      // Text at each record, so that not one of them may come through.
      await writeFile(path, `<!doctype html><title>${canary}</title>${`${canary}-text `.repeat(60_000)}`)
      const [holding, reading, asking] = await Promise.all([near, far, far].map(({ port }) => startRecordingProxy(port)))
      if (!holding || !reading || !asking) throw new Error('no proxy')
      proxies.push(holding, reading, asking)

      const { held } = await holdPrivate(path, holding.url)
      const link = at(reading, held.url)
      const got = await runMayfly(['get', link])
      expect(sha256(got.stdout)).toBe(sha256(await readFile(path)))
      expect(await runMayfly(['get', link, '-o', join(directory, 'out')])).toMatchObject({ code: 0 })
      const cipher = Buffer.from(await (await fetch(at(asking, held.url), { headers: { accept: '*/*' } })).arrayBuffer())
      const viewer = await (await fetch(at(asking, held.url), { headers: { accept: 'text/html', 'sec-fetch-dest': 'document' } })).text()
      expect(sha256(cipher)).toBe(held.hash)

      const key = new URL(held.url).hash.slice('#k='.length)
      const raw = Buffer.from(decodeLinkKey(key))
      const secrets = [canary, basename(path), key, raw, raw.toString('hex'), raw.toString('base64')]
      const seen: Record<string, Buffer> = {
        'what the holder and its node said to each other': holding.bytes(),
        'what the reader and its gateway said to each other': reading.bytes(),
        'HTTP requests, their headers and answers': asking.bytes(),
        'the log of the near node': Buffer.from(JSON.stringify(near.log())),
        'the log of the far node': Buffer.from(JSON.stringify(far.log())),
        'the cipher text': cipher,
        'the page that shows it': Buffer.from(viewer),
      }
      for (const [where, bytes] of Object.entries(seen)) {
        expect([where, bytes.byteLength > 0]).toEqual([where, true])
        for (const secret of secrets) expect([where, bytes.includes(secret)]).toEqual([where, false])
      }
      // The search works: the address did travel, and is found in the requests.
      expect(asking.bytes().includes(`GET /${held.hash}?o=`)).toBe(true)
      expect(reading.bytes().includes('GET /')).toBe(true)
      expect(near.log().length + far.log().length).toBeGreaterThan(2)
      expect(far.log().some((line) => JSON.stringify(line).includes(held.hash))).toBe(true)
    } finally {
      await Promise.all(proxies.map((proxy) => proxy.stop()))
      await rm(directory, { recursive: true, force: true })
    }
  })
})

async function bytesServed({ url }: NodeProcess): Promise<number> {
  const { counts } = (await (await fetch(`${url}/api/v1/status`)).json()) as { counts: { bytesServed: number } }
  return counts.bytesServed
}

/** Programs that know nothing of mayfly read content of any size: curl and sha256sum, and aria2c from two gateways at once. */

import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { requireProgram, type TestProgram } from '../../scripts/test-programs.ts'
import { writeGeneratedFile } from '../helpers/generated-file.ts'
import { spawnMayfly } from '../helpers/mayfly-process.ts'
import { useNodePair } from '../helpers/node-pair.ts'
import { runProgram } from '../helpers/program.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const MIB = 1_048_576
const PIECE = 262_144
const SHOW_LARGE = fileURLToPath(new URL('../../scripts/show-large.ts', import.meta.url))

describe('through two nodes', () => {
  const nodes = useNodePair()

  /** Holds generated files behind the first node until the test ends; their links at any gateway. */
  async function hold(directory: string, sizes: number[]) {
    const files = await Promise.all(
      sizes.map(async (size) => {
        const path = join(directory, `${size}.bin`)
        return { path, size, hash: await writeGeneratedFile(path, size, size + 1) }
      }),
    )
    const holder = spawnMayfly(['hold', ...files.map(({ path }) => path), '--json', '--join', nodes.near.url])
    const links = () => holder.stdout.lines.filter((line) => line.includes('"url"'))
    await holder.stdout.waitFor(() => links().length === sizes.length)
    return links().map((line, i) => {
      const { hash, url } = JSON.parse(line) as { hash: string; url: string }
      expect(hash).toBe(files[i]?.hash)
      const { pathname, searchParams } = new URL(url)
      expect(searchParams.get('filename')).toBe(`${sizes[i]}.bin`)
      searchParams.delete('filename') // the tests give names of their own
      return { hash, size: sizes[i] ?? 0, path: pathname + (searchParams.size > 0 ? `?${searchParams}` : '') }
    })
  }

  test('curl gets 0, 1, and around 262,144 bytes, with the link’s outline and without', async () => {
    const directory = await createTemporaryDirectory()
    for (const { hash, size, path } of await hold(directory, [0, 1, PIECE - 1, PIECE, PIECE + 1])) {
      for (const link of [`/${hash}`, path]) {
        const { code, stdout } = await runProgram('curl', ['--silent', '--fail', `${nodes.far.url}${link}`])
        await writeFile(join(directory, 'got'), stdout)
        const sum = spawnSync('sha256sum', [join(directory, 'got')], { encoding: 'utf8' }).stdout.slice(0, 64)
        expect([code, stdout.byteLength, sum]).toEqual([0, size, hash])
      }
    }
  })

  test.each(['busybox unzip -q -', 'bsdtar -xf -', 'cat > ../a.zip && unzip -q ../a.zip'])(
    'a folder as a zip is read by: %s',
    async (reader) => {
      const directory = await createTemporaryDirectory()
      const files = new Map([
        ['a.txt', Buffer.from('hello')],
        ['empty.txt', Buffer.alloc(0)],
        ['Grüße 日本.txt', Buffer.from('names')],
        ['sub/u.bin', randomBytes(3 * PIECE + 1)],
        // Its checksum follows its bytes, which busybox does not take.
        ...(reader.startsWith('busybox') ? [] : [['sub/large.bin', randomBytes(9 * MIB)] as const]),
      ])
      for (const [path, bytes] of files) {
        await mkdir(dirname(join(directory, 'in', path)), { recursive: true })
        await writeFile(join(directory, 'in', path), bytes)
      }
      const holder = spawnMayfly(['hold', join(directory, 'in'), '--join', nodes.near.url])
      const link = new URL(await holder.stdout.waitFor(() => true))
      await mkdir(join(directory, 'out'))
      const [curl] = ['curl', ...(/^busybox|^bsdtar|unzip/.exec(reader) ?? [])].map((name) => requireProgram(name as TestProgram))
      const command = `'${curl}' --silent --fail '${nodes.far.url}/raw${link.pathname}?format=zip' | (${reader})`
      const { status, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', command], { cwd: join(directory, 'out'), encoding: 'utf8' })
      expect([status, stderr]).toEqual([0, ''])
      for (const [path, bytes] of files) expect((await readFile(join(directory, 'out', path))).equals(bytes)).toBe(true)
    },
  )

  test('aria2c gets 100 MiB from two gateways, every piece checked', async () => {
    const directory = await createTemporaryDirectory()
    const size = 100 * MIB
    const [held] = await hold(directory, [size])
    const { hash = '', path = '' } = held ?? {}
    const metalink = join(directory, 'content.meta4')
    const link = `${nodes.far.url}${path}&format=metalink&filename=got.bin&mirror=${nodes.near.url}`
    expect((await runProgram('curl', ['--silent', '--fail', '--output', metalink, link])).code).toBe(0)
    const servedBefore = await bytesRead()
    const { code, stdout } = await runProgram('aria2c', [
      `--metalink-file=${metalink}`,
      `--dir=${directory}`,
      '--check-integrity=true',
      '--split=4',
      '--max-connection-per-server=2',
      '--min-split-size=1M',
      '--file-allocation=none',
      '--no-conf=true',
      '--summary-interval=0',
    ])
    expect([code, stdout.toString()]).toEqual([0, expect.stringContaining('download completed')])
    const digest = createHash('sha256')
    for await (const chunk of createReadStream(join(directory, 'got.bin'))) digest.update(chunk)
    expect(digest.digest('hex')).toBe(hash)
    // Both gateways gave a part of it.
    const served = (await bytesRead()).map((bytes, i) => bytes - (servedBefore[i] ?? 0))
    for (const bytes of served) expect(bytes).toBeGreaterThan(size / 20)
  })

  /** Bytes that each node has fetched so far, for its own gateway's clients and for others. */
  async function bytesRead(): Promise<number[]> {
    return Promise.all(
      [nodes.near, nodes.far].map(async ({ url }) => {
        const { counts } = (await (await fetch(`${url}/api/v1/status`)).json()) as { counts: { bytesFetched: number } }
        return counts.bytesFetched
      }),
    )
  }
})

test('100 MiB from a file to curl and sha256sum are right, and the memory of holder, home and gateway is bounded', {
  timeout: 120_000,
}, () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SHOW_LARGE, String(100 * MIB), '--json'], { encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
  expect(JSON.parse(stdout)).toMatchObject({ bytes: 100 * MIB, isRight: true, isBounded: true })
})

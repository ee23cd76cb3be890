/** `mayfly share` and `mayfly receive` as processes of their own, behind two nodes: what is offered here is saved there. */

import { createHash, randomBytes } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sealedBytes } from '../../node/index.ts'
import { type MayflyProcess, runMayfly, spawnMayfly } from '../helpers/mayfly-process.ts'
import { useNodePair } from '../helpers/node-pair.ts'
import { peakMemory } from '../helpers/process-memory.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const MIB = 1_048_576
const PIECE = 262_144

const nodes = useNodePair()

interface RunningShare {
  mayfly: MayflyProcess
  url: string
  /** Undefined with `--no-code`. */
  code: string | undefined
  /** The first event that fits. */
  event(fits: (event: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
}

async function share(args: string[], { code = false, ...options }: { code?: boolean; env?: Record<string, string>; stdin?: string } = {}) {
  const flags = [...(code ? [] : ['--no-code']), '--json', '--join', nodes.near.url]
  const mayfly = spawnMayfly(['share', ...args, ...flags], options)
  const event: RunningShare['event'] = async (fits) => JSON.parse(await mayfly.stdout.waitFor((line) => fits(JSON.parse(line))))
  const { url } = JSON.parse(await mayfly.stdout.waitFor(() => true)) as { url: string }
  const spoken = code ? ((await event(({ type }) => type === 'code')).code as string) : undefined
  return { mayfly, url, code: spoken, event } satisfies RunningShare
}

interface Receiver {
  folder: string
  data: string
}

async function createReceiver(): Promise<Receiver> {
  const root = await createTemporaryDirectory()
  return { folder: join(root, 'saved'), data: join(root, 'data') }
}

const receiving = (target: string, { folder, data }: Receiver, ...args: string[]) => [
  ...['receive', target, '--data', data, '--join', nodes.far.url],
  ...(args.includes('--list') ? args : ['-o', folder, '--yes', ...args]),
]

async function writeTree(folder: string, files: Record<string, Uint8Array | string>): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
}

/** By path, the SHA-256. */
async function treeOf(folder: string): Promise<Record<string, string>> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const files = entries.map(({ parentPath, name }) => join(parentPath, name))
  return Object.fromEntries(await Promise.all(files.map(async (file) => [file.slice(folder.length + 1), sha256(await readFile(file))])))
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Over the wire, whichever way they went. */
async function bytesSent(url: string): Promise<number> {
  const { counts } = (await (await fetch(`${url}/api/v1/status`)).json()) as { counts: { bytesSent: number } }
  return counts.bytesSent
}

describe('share, receive', () => {
  test('folders in folders, twins, other scripts, sizes around a piece, names that other systems cannot keep', async () => {
    const root = await createTemporaryDirectory()
    const sizes = [0, 1, PIECE - 1, PIECE, PIECE + 1]
    const files: Record<string, Uint8Array | string> = {
      ...Object.fromEntries(sizes.map((size) => [`sizes/${size}`, randomBytes(size)])),
      'a/deep/er/x.txt': 'one',
      'b/x.txt': 'another',
      'b/写真 🙂/été.txt': 'été',
      'b/.hidden': 'hidden',
    }
    await writeTree(join(root, 'things'), files)
    await writeTree(join(root, 'other'), { 'x.txt': 'top', 'CON.txt': 'device', 'a:b?': 'colon' })
    const sharer = await share([join(root, 'things'), join(root, 'other/x.txt'), join(root, 'other')])
    const receiver = await createReceiver()
    const got = await runMayfly(receiving(sharer.url, receiver))
    expect([got.code, got.stderr]).toEqual([0, ''])
    const expected = {
      ...Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`things/${path}`, sha256(bytes)])),
      'x.txt': sha256('top'),
      'other/x.txt': sha256('top'),
      'other/_CON.txt': sha256('device'),
      'other/a_b_': sha256('colon'),
    }
    expect(await treeOf(receiver.folder)).toEqual(expected)
    expect(await sharer.event(({ state }) => state === 'done')).toMatchObject({ type: 'receiver', label: 'mayfly on Linux' })

    // Again: nothing is saved twice. Into a folder where others are: nothing is replaced.
    expect((await runMayfly(receiving(sharer.url, receiver))).code).toBe(0)
    expect(await treeOf(receiver.folder)).toEqual(expected)
    const other = { ...receiver, data: join(receiver.data, 'other') }
    expect((await runMayfly(receiving(sharer.url, other, '--only', 'other/x.txt'))).code).toBe(0)
    expect(await treeOf(receiver.folder)).toEqual({ ...expected, 'other/x (2).txt': sha256('top') })
    expect(await sharer.mayfly.kill('SIGINT')).toEqual({ code: 0, signal: null })
  })

  test('a code leads to it once; on the machine that used it, again', async () => {
    const path = join(await createTemporaryDirectory(), 'a.txt')
    await writeFile(path, 'by code')
    const sharer = await share([path], { code: true })
    expect(sharer.code).toMatch(/^[a-z]+-[a-z]+-\d{4}$/)
    const receiver = await createReceiver()
    const first = await runMayfly(receiving(sharer.code ?? '', receiver))
    expect([first.code, first.stderr]).toEqual([0, ''])
    expect(await readFile(join(receiver.folder, 'a.txt'), 'utf8')).toBe('by code')
    expect((await runMayfly(receiving(sharer.code ?? '', receiver))).code).toBe(0)
    const late = await runMayfly(receiving(sharer.code ?? '', await createReceiver()))
    expect(late.code).toBe(1)
    expect(await sharer.event(({ type }) => type === 'code-settled')).toMatchObject({ code: sharer.code, how: 'claimed' })
  })

  test('--once: a list takes nothing, the first has it, the command ends; words go through a pipe as they are', async () => {
    const sharer = await share(['--text', 'some\twords', '--once'])
    const listed = await runMayfly(receiving(sharer.url, await createReceiver(), '--list'))
    expect([listed.code, listed.stdout.toString()]).toEqual([0, expect.stringContaining('text.txt  (text)')])
    const [first, second] = await Promise.all(
      [sharer, sharer].map(async ({ url }) => runMayfly(receiving(url, await createReceiver(), '--wait', '3s'))),
    )
    const [winner, loser] = first?.code === 0 ? [first, second] : [second, first]
    expect([winner?.code, winner?.stdout.toString()]).toEqual([0, 'some\twords\n'])
    expect(loser?.code).not.toBe(0)
    expect(await sharer.mayfly.exited).toEqual({ code: 0, signal: null })
  })

  test('a password: none and a wrong one are said, the right one opens', async () => {
    const sharer = await share(['-'], { env: { MAYFLY_PASSWORD: 'Käse' }, stdin: 'secret' })
    const receiver = await createReceiver()
    const none = await runMayfly(receiving(sharer.url, receiver))
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('needs its password') })
    const wrong = await runMayfly(receiving(sharer.url, receiver), { env: { MAYFLY_PASSWORD: 'wrong' } })
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('password is wrong') })
    const right = await runMayfly(receiving(sharer.url, receiver), { env: { MAYFLY_PASSWORD: 'Käse' } })
    expect([right.code, right.stderr]).toEqual([0, ''])
    expect(await readFile(join(receiver.folder, 'input'), 'utf8')).toBe('secret')
  })

  test('killed in the middle, the receiver goes on: less than 2 % is fetched twice, in bounded memory on both sides', async () => {
    const path = join(await createTemporaryDirectory(), 'film')
    const size = 96 * MIB
    for (let at = 0; at < size; at += 16 * MIB) await appendFile(path, randomBytes(16 * MIB))
    const sharer = await share([path])
    const receiver = await createReceiver()
    const before = await bytesSent(nodes.far.url)
    const first = spawnMayfly(receiving(sharer.url, receiver, '--json'))
    await first.stdout.waitFor((line) => JSON.parse(line).type === 'list')
    const part = async () => (await readdir(receiver.folder).catch(() => [])).find((name) => name.endsWith('.part'))
    await waitFor(
      async () => (await part()) !== undefined && (await bytesSent(nodes.far.url)) - before > size / 4,
      60_000,
      'a quarter is there',
    )
    await first.kill('SIGKILL')
    const second = spawnMayfly(receiving(sharer.url, receiver, '--json'))
    let peak = 0
    second.process.stdout.on('data', () => {
      peak = Math.max(peak, peakMemory(second.process.pid ?? 0))
    })
    expect(await second.exited).toEqual({ code: 0, signal: null })
    expect(sha256(await readFile(join(receiver.folder, 'film')))).toBe(sha256(await readFile(path)))
    expect(await readdir(receiver.folder)).toEqual(['film'])
    expect((await bytesSent(nodes.far.url)) - before).toBeLessThan(sealedBytes(size) * 1.02)
    for (const bytes of [peak, peakMemory(sharer.mayfly.process.pid ?? 0)]) {
      expect(bytes).toBeGreaterThan(32 * MIB)
      expect(bytes).toBeLessThan(320 * MIB)
    }
  })

  test('the sender ends: the receiver says so, and keeps what came; a link that is none is refused', async () => {
    const path = join(await createTemporaryDirectory(), 'film')
    await writeFile(path, randomBytes(16 * MIB))
    const sharer = await share([path, '--peer-rate', '1MB'])
    const receiver = await createReceiver()
    const process = spawnMayfly(receiving(sharer.url, receiver, '--json'))
    await waitFor(async () => (await readdir(receiver.folder).catch(() => [])).length > 0, 30_000, 'it has begun')
    expect(await sharer.mayfly.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(await process.exited).toEqual({ code: 1, signal: null })
    expect(process.stderr.lines.join('\n')).toContain('ERR_SHARE_ENDED')
    const mistyped = `${sharer.url.slice(0, -1)}${sharer.url.endsWith('a') ? 'b' : 'a'}`
    expect(await runMayfly(receiving(mistyped, receiver))).toMatchObject({ code: 2 })
  })

  test('a file that changes is told, and no longer offered', async () => {
    const folder = await createTemporaryDirectory()
    await writeTree(folder, { a: 'as it was', b: 'stays' })
    const sharer = await share([join(folder, 'a'), join(folder, 'b')])
    await sharer.event(({ type }) => type === 'ready')
    await writeFile(join(folder, 'a'), 'as it is!')
    expect(await sharer.event(({ type, state }) => type === 'entry' && state === 'failed')).toMatchObject({ path: 'a' })
    await sharer.mayfly.stderr.waitFor((line) => line.includes('No longer sharing a'))
    const receiver = await createReceiver()
    expect(await runMayfly(receiving(sharer.url, receiver))).toMatchObject({ code: 1, stderr: expect.stringContaining('Cannot receive a') })
    expect(await readdir(receiver.folder)).toEqual(['b'])
    expect((await stat(join(receiver.folder, 'b'))).size).toBe(5)
  })
})

/** The command against real nodes, each a process of its own. Its answers that need no network are tested in test/cli. */

import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, watch, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { urlsForOthers } from '../../node/cli/values/server-values.ts'
import type { LineLog } from '../helpers/line-log.ts'
import { runMayfly, spawnMayfly } from '../helpers/mayfly-process.ts'
import { useNodePair } from '../helpers/node-pair.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

/** A name that no test holds. */
const NOBODY = createHash('sha256').update('held by nobody').digest('hex')

const nodes = useNodePair()

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function nextCount(log: LineLog, holders: number, from = 0): Promise<string> {
  return log.waitFor((line) => JSON.parse(line).holders === holders, { from })
}

describe('command: hold, get and holders', () => {
  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['text with an emoji and CR LF', Buffer.from('hello 🙂\r\n')],
    ['every byte there is', Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
    ['256 KiB', randomBytes(262_144)],
  ])('hold: %s is got back as it was, until the holder is told to end', async (_, bytes) => {
    const hash = sha256(bytes)
    const hold = spawnMayfly(['hold', '-', '--join', nodes.near.url], { stdin: bytes })
    expect(await hold.stdout.waitFor(() => true)).toBe(`${nodes.near.url}/${hash}`)

    for (const args of [[`${nodes.near.url}/${hash}`], [hash, '--join', nodes.far.url], [hash, '--join', nodes.far.addresses[0] ?? '']]) {
      expect(await runMayfly(['get', ...args])).toEqual({ code: 0, signal: null, stdout: bytes, stderr: '' })
    }
    const toldAt = performance.now()
    expect(await hold.kill('SIGINT')).toEqual({ code: 0, signal: null })
    expect(performance.now() - toldAt).toBeLessThan(5000)
    expect(await runMayfly(['get', hash, '--join', nodes.far.url])).toMatchObject({ code: 3, stdout: Buffer.alloc(0) })
  })

  test('hold: a link that was said is found at once, through any node', async () => {
    for (let i = 0; i < 5; i++) {
      const hold = spawnMayfly(['hold', '-', '--json', '--join', nodes.near.url], { stdin: `page ${i}` })
      const { hash, url, size } = JSON.parse(await hold.stdout.waitFor(() => true))
      expect([hash, url, size]).toEqual([sha256(`page ${i}`), `${nodes.near.url}/${hash}`, 6])
      const statuses = await Promise.all([nodes.near, nodes.far].map(async (node) => (await fetch(`${node.url}/raw/${hash}`)).status))
      expect(statuses).toEqual([200, 200])
      await hold.kill('SIGTERM')
    }
  })

  test('hold: a file that is not there ends with 1, and nothing is held', async () => {
    const directory = await createTemporaryDirectory()
    const path = join(directory, 'there')
    await writeFile(path, 'there')
    expect(await runMayfly(['hold', path, join(directory, 'none'), '--join', nodes.near.url])).toMatchObject({
      code: 1,
      stdout: Buffer.alloc(0),
    })
    expect(await runMayfly(['holders', sha256('there'), '--join', nodes.near.url])).toMatchObject({ code: 3 })
  })

  test('hold: ends with 4 when nobody can be joined in time', async () => {
    const args = ['hold', '-', '--join', 'http://127.0.0.1:9', '--timeout', '500ms']
    expect(await runMayfly(args)).toMatchObject({ code: 4, stdout: Buffer.alloc(0) })
  })

  test('hold: the link names a gateway that answers, among several', async () => {
    const hold = spawnMayfly(['hold', '-', '--join', 'http://127.0.0.1:9', '--join', nodes.far.url], { stdin: 'several' })
    expect(await hold.stdout.waitFor(() => true)).toBe(`${nodes.far.url}/${sha256('several')}`)
  })

  test('hold: through a node that other machines reach, the link is one for them', async () => {
    const node = await startNodeProcess({ args: ['--host', '0.0.0.0'] })
    const [forOthers = node.url] = urlsForOthers('0.0.0.0', node.port)
    const hold = spawnMayfly(['hold', '-', '--join', node.url], { stdin: 'for others' })
    const link = await hold.stdout.waitFor(() => true)
    expect(link).toBe(`${forOthers}/${sha256('for others')}`)
    expect(await (await fetch(link)).text()).toBe('for others')
  })

  test('holders: the watch says each change, through a gateway and through the overlay', async () => {
    const hash = sha256('watched')
    const watches = [nodes.far.url, nodes.far.addresses[0] ?? ''].map((address) =>
      spawnMayfly(['holders', hash, '--watch', '--json', '--join', address]),
    )
    const all = (holders: number, from: number) => Promise.all(watches.map(({ stdout }) => nextCount(stdout, holders, from)))
    await all(0, 0)
    const holds = []
    for (const count of [1, 2]) {
      holds.push(spawnMayfly(['hold', '-', '--join', nodes.near.url], { stdin: 'watched' }))
      await all(count, count)
    }
    await holds[0]?.kill('SIGINT')
    await all(1, 3)
    await holds[1]?.kill('SIGKILL')
    await all(0, 4)
    for (const { kill, stdout } of watches) {
      expect(await kill('SIGINT')).toEqual({ code: 0, signal: null })
      expect(stdout.lines.map((line) => JSON.parse(line))).toEqual([0, 1, 2, 1, 0].map((holders) => ({ hash, holders })))
    }
  })

  test('holders: ends with 3 when nobody holds it, and with 0 when somebody does', async () => {
    expect(await runMayfly(['holders', NOBODY, '--json', '--join', nodes.far.url])).toMatchObject({
      code: 3,
      stdout: Buffer.from(`{"hash":"${NOBODY}","holders":0}\n`),
    })
    const hold = spawnMayfly(['hold', '-', '--join', nodes.near.url], { stdin: 'counted' })
    const link = await hold.stdout.waitFor(() => true)
    expect(await runMayfly(['holders', link])).toMatchObject({ code: 0, stdout: Buffer.from('1 holder\n') })
  })

  test('holders: a reader that has read enough ends the watch', async () => {
    const watch = spawnMayfly(['holders', sha256('piped'), '--watch', '--join', nodes.near.url])
    await watch.stdout.waitFor(() => true)
    watch.process.stdout.destroy()
    spawnMayfly(['hold', '-', '--join', nodes.near.url], { stdin: 'piped' })
    expect(await watch.exited).toEqual({ code: 0, signal: null })
  })

  test('get: waits for a holder as long as --wait says', async () => {
    const hash = sha256('awaited')
    const gets = [nodes.far.url, nodes.far.addresses[0] ?? ''].map((address) =>
      runMayfly(['get', hash, '--wait', '20s', '--join', address]),
    )
    const short = await runMayfly(['get', hash, '--wait', '100ms', '--join', nodes.far.url])
    expect(short).toMatchObject({ code: 3, stdout: Buffer.alloc(0) })
    spawnMayfly(['hold', '-', '--join', nodes.near.url], { stdin: 'awaited' })
    for (const get of gets) expect(await get).toMatchObject({ code: 0, stdout: Buffer.from('awaited') })
  })

  test('get: writes a file as a whole, and leaves the one that is there when there is nothing to write', async () => {
    const directory = await createTemporaryDirectory()
    const file = join(directory, 'page')
    await writeFile(file, 'older')
    expect(await runMayfly(['get', NOBODY, '-o', file, '--join', nodes.near.url])).toMatchObject({ code: 3 })
    expect(await readFile(file, 'utf8')).toBe('older')

    const hold = spawnMayfly(['hold', '-', '--join', nodes.near.url], { stdin: 'newer' })
    const link = await hold.stdout.waitFor(() => true)
    const { code, stdout } = await runMayfly(['get', link, '-o', file, '--json'])
    expect([code, JSON.parse(stdout.toString())]).toEqual([0, { hash: sha256('newer'), size: 5, file }])
    expect(await readFile(file, 'utf8')).toBe('newer')
    expect(await readdir(directory)).toEqual(['page'])
  })
})

describe('command: start and status', () => {
  test('compiled code is kept for the next start in the user’s own cache, and a start that cannot write there runs without', async () => {
    const cache = await createTemporaryDirectory()
    const env = { XDG_CACHE_HOME: cache, NODE_COMPILE_CACHE: '' }
    const first = await runMayfly(['status', '--json', '--join', nodes.near.url], { env })
    expect(first.code).toBe(0)
    const compiled = (await readdir(cache, { recursive: true })).filter((path) => path.startsWith(join('mayfly', 'compiled')))
    expect(compiled.length).toBeGreaterThan(5)
    const file = join(cache, 'file')
    await writeFile(file, '')
    const second = await runMayfly(['status', '--json', '--join', nodes.near.url], { env: { ...env, XDG_CACHE_HOME: file } })
    expect(second).toMatchObject({ code: 0, stderr: '' })
  })

  test('start: prints its address, answers status, and ends with 0 in time', async () => {
    const node = await startNodeProcess({ args: ['--log-level', 'info'] })
    const { code, stdout } = await runMayfly(['status', '--json', '--join', node.url])
    const status = JSON.parse(stdout.toString())
    expect([code, status.id, status.addresses]).toEqual([0, node.id, node.addresses])
    expect((await runMayfly(['status', '--join', node.addresses[0] ?? ''])).stdout.toString()).toContain(node.id)
    expect((await fetch(`${node.url}/healthz`)).status).toBe(200)

    const toldAt = performance.now()
    expect(await node.stop()).toEqual({ code: 0, signal: null })
    expect(performance.now() - toldAt).toBeLessThan(5000)
    await expect(fetch(`${node.url}/healthz`)).rejects.toThrow()
  })

  test('start: is the same peer again with the same data, and keeps no content there', async () => {
    const data = await createTemporaryDirectory()
    const canary = `canary ${randomBytes(16).toString('hex')}`
    const ids: string[] = []
    for (let i = 0; i < 2; i++) {
      const node = await startNodeProcess({ data })
      ids.push(node.id)
      expect((await fetch(`${node.url}/api/v1/content`, { method: 'PUT', body: canary })).status).toBe(201)
      await node.stop()
    }
    expect(ids[0]).toBe(ids[1])
    const files = (await readdir(data, { recursive: true })).toSorted()
    expect(files).toEqual(['lock', 'outbox.db', 'private-key'])
    for (const file of files) expect(await readFile(join(data, file), 'latin1')).not.toContain(canary)
  })

  test('start: refuses a key that others may read, with 2', async () => {
    const data = await createTemporaryDirectory()
    await writeFile(join(data, 'private-key'), '', { mode: 0o644 })
    expect(await runMayfly(['start', '--port', '0', '--data', data])).toMatchObject({ code: 2, stdout: Buffer.alloc(0) })
  })

  test('start: ends with 1 when its port is taken', async () => {
    const data = await createTemporaryDirectory()
    const { code, stderr } = await runMayfly(['start', '--port', String(nodes.near.port), '--data', data, '--log-level', 'silent'])
    expect([code, stderr]).toEqual([1, expect.stringContaining(String(nodes.near.port))])
  })

  test('start: goes on without those it should join, and joins them when they come', async () => {
    const first = await startNodeProcess()
    const { port, url } = first
    await first.stop()
    const second = await startNodeProcess({ join: [url] })
    await second.waitForLog(({ msg }) => msg === 'join-failed')
    const again = await startNodeProcess({ port })
    await second.waitForLog(({ msg }) => msg === 'joined')
    await again.stop()
    await second.waitForLog(({ msg }) => msg === 'left')
  })

  test('hold: content held through a node is held again after the node was restarted', async () => {
    const data = await createTemporaryDirectory()
    const node = await startNodeProcess({ data })
    const hold = spawnMayfly(['hold', '-', '--json', '--join', node.url], { stdin: 'again' })
    const { hash } = JSON.parse(await hold.stdout.waitFor(() => true))
    await node.kill('SIGKILL')
    await hold.stdout.waitFor((line) => JSON.parse(line).type === 'left')
    const again = await startNodeProcess({ data, port: node.port })
    const get = await runMayfly(['get', hash, '--wait', '10s', '--join', again.url])
    expect(get).toMatchObject({ code: 0, stdout: Buffer.from('again') })
  })

  test('hold: after the end of its gateway, prints its link on the one that it is with then', async () => {
    const first = await startNodeProcess()
    const second = await startNodeProcess({ join: [first.url] })
    await second.waitForLog(({ msg }) => msg === 'joined')
    const path = join(await createTemporaryDirectory(), 'kept page.txt')
    await writeFile(path, 'moved')
    const hold = spawnMayfly(['hold', path, '--join', first.url])
    const before = await hold.stdout.waitFor(() => true)
    expect(before).toBe(`${first.url}/${sha256('moved')}?filename=kept%20page.txt`)
    await first.kill('SIGKILL')
    const after = await hold.stdout.waitFor((line) => !line.startsWith(first.url))
    expect(new URL(after).port).toBe(String(second.port))
    expect(new URL(after).pathname + new URL(after).search).toBe(before.slice(first.url.length))
    expect(await runMayfly(['get', after, '--wait', '10s'])).toMatchObject({ code: 0, stdout: Buffer.from('moved') })
    const target = `${await createTemporaryDirectory()}/`
    expect(await runMayfly(['get', after, '-o', target])).toMatchObject({ code: 0 })
    expect(await readdir(target)).toEqual(['kept page.txt'])
  })

  test('start: a signal in the middle of its start ends it', async () => {
    const data = await createTemporaryDirectory()
    const stopping = new AbortController()
    const changes = watch(data, { signal: stopping.signal })
    const node = spawnMayfly(['start', '--port', '0', '--data', data])
    // The identity is there before the port is.
    for await (const _ of changes) break
    expect(await node.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    stopping.abort()
  })

  test('start: a second signal ends it at once', async () => {
    const node = await startNodeProcess()
    const upload = request(`${node.url}/api/v1/content`, { method: 'PUT', headers: { 'content-length': '5' } })
    upload.on('error', () => {})
    // An upload that never ends makes stopping wait.
    await new Promise<void>((resolve) => upload.write('he', () => resolve()))
    node.process.kill('SIGTERM')
    await untilRefused(`${node.url}/healthz`)
    expect(await node.kill('SIGINT')).toEqual({ code: null, signal: 'SIGINT' })
  })
})

/** Resolves once nothing is accepted there any more. */
async function untilRefused(url: string): Promise<void> {
  for (;;) {
    const isOpen = await fetch(url, { headers: { connection: 'close' } }).then(
      () => true,
      () => false,
    )
    if (!isOpen) return
  }
}

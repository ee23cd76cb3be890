/** The commands on a disk that is full or read-only: each says so in words, keeps what it has acknowledged, and goes on when there is room. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runMayfly } from '../helpers/mayfly-process.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { createSmallDisk } from '../helpers/small-disk.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const MIB = 2 ** 20
/** Without it the system ends a process that writes beyond its limit of file sizes. */
const GOES_ON = { NODE_OPTIONS: '--import=data:text/javascript,process.on(%22SIGXFSZ%22,()=>{})' }

async function post(url: string, body: string): Promise<{ status: number; answer: { state?: string; error?: Record<string, unknown> } }> {
  const response = await fetch(`${url}/to/x?wait=10s`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body })
  return { status: response.status, answer: (await response.json()) as never }
}

async function bodies(url: string): Promise<string[]> {
  const lines = (await (await fetch(`${url}/to/x/json?poll=1`)).text()).trim().split('\n')
  return lines.flatMap((line) => (JSON.parse(line) as { body?: string }).body ?? [])
}

test('posts to a node whose disk is full are not-stored, 507, and stored again as soon as there is room', async () => {
  const data = await createTemporaryDirectory()
  const args = ['--receive', 'pi', '--tap', '#x']
  const node = await startNodeProcess({ data, args, env: GOES_ON })
  /** A file that must not grow is a full disk. */
  const limitFiles = async (limit: string) => {
    const [code] = await once(spawn('prlimit', ['--pid', String(node.process.pid), `--fsize=${limit}:unlimited`]), 'exit')
    expect(code).toBe(0)
  }
  const stored: string[] = []
  const store = async (body: string) => {
    expect(await post(node.url, body)).toMatchObject({ status: 200, answer: { state: 'stored' } })
    stored.push(body)
  }
  for (const body of ['one', 'two']) await store(body)
  for (let round = 1; round <= 2; round++) {
    await limitFiles('1')
    for (let i = 0; i < 3; i++) {
      expect(await post(node.url, `refused ${round} ${i}`)).toMatchObject({
        status: 507,
        answer: { error: { code: 'ERR_REFUSED', number: 50_701, reason: 'not-stored', retryAfterS: 30 } },
      })
    }
    expect((await fetch(`${node.url}/healthz`)).status).toBe(200)
    expect(await bodies(node.url)).toEqual(stored)
    await limitFiles('unlimited')
    await store(`again ${round}`)
  }
  const facts = node.log().filter(({ type }) => type === 'failing' || type === 'recovered')
  // Each once, however many posts there are.
  const ofOutbox = facts.filter(({ msg }) => /outbox|posted/.test(String(msg))).map(({ type }) => type)
  expect(ofOutbox).toEqual(['failing', 'recovered', 'failing', 'recovered'])
  expect(node.log().filter(({ level, error }) => level === 'unknown' || error !== undefined)).toEqual([])
  await node.kill('SIGKILL')
  const again = await startNodeProcess({ data, args })
  expect(await bodies(again.url)).toEqual(stored)
})

test('start, receive, send, get and hold say that a disk is full or read-only, and what was received can be exported', async (context) => {
  const disk = await createSmallDisk(6 * MIB)
  context.skip(disk === undefined, 'this process may mount nothing')
  const at = (name: string) => join(disk as string, name)
  const gateway = await startNodeProcess()
  const data = at('data')
  const first = await startNodeProcess({ data, args: ['--receive', 'pi', '--tap', '#x'] })
  expect((await post(first.url, 'acknowledged')).status).toBe(200)
  await first.stop()
  const upload = await fetch(`${gateway.url}/api/v1/content`, { method: 'PUT', body: 'x'.repeat(100_000) })
  const { hash } = (await upload.json()) as { hash: string }
  await writeFile(at('filler'), new Uint8Array(6 * MIB)).catch(() => {})

  const run = (args: string[], options = {}) => runMayfly([...args, '--join', gateway.url], options)
  /** Fails in one line that names the fault. */
  async function expectWords(words: RegExp, args: string[], options = {}): Promise<void> {
    const { code, stderr } = await run(args, options)
    expect({ code, lines: stderr.split('\n').length, stderr }).toEqual({ code: 1, lines: 1, stderr: expect.stringMatching(words) })
  }
  const FULL = /the disk is full/
  // One node, and one receiver, at a time.
  await expectWords(FULL, ['start', '--port', '0', '--data', data])
  await expectWords(FULL, ['start', '--port', '0', '--data', data, '--receive', 'pi'])
  await Promise.all([
    expectWords(FULL, ['start', '--port', '0', '--data', at('new')]),
    expectWords(FULL, ['receive', 'pi', '--port', '0', '--data', data]),
    expectWords(FULL, ['receive', 'other', '--port', '0', '--data', data]),
    expectWords(FULL, ['send', '#x', 'hello', '--data', data]),
    expectWords(FULL, ['get', hash, '-o', at('file')]),
    expectWords(FULL, ['hold', '-'], { stdin: new Uint8Array(2 * MIB), env: { TMPDIR: disk } }),
  ])
  const exported = await run(['receive', 'pi', '--export', '--data', data])
  expect(exported).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(exported.stdout.toString())).toMatchObject({ end: '#x', body: 'acknowledged' })

  await rm(at('filler'))
  expect(spawnSync('mount', ['-o', 'remount,ro', disk as string]).status).toBe(0)
  const READ_ONLY = /read-only/
  await Promise.all([
    expectWords(READ_ONLY, ['start', '--port', '0', '--data', data]),
    expectWords(READ_ONLY, ['start', '--port', '0', '--data', at('new/deep')]),
    expectWords(READ_ONLY, ['receive', 'pi', '--port', '0', '--data', data]),
    expectWords(READ_ONLY, ['receive', 'other', '--port', '0', '--data', data]),
    expectWords(READ_ONLY, ['send', '#x', 'hello', '--data', data]),
    expectWords(READ_ONLY, ['get', hash, '-o', at('file')]),
  ])
  expect((await run(['receive', 'pi', '--export', '--data', data])).stdout).toEqual(exported.stdout)

  expect(spawnSync('mount', ['-o', 'remount,rw', disk as string]).status).toBe(0)
  const again = await startNodeProcess({ data, args: ['--receive', 'pi', '--tap', '#x'] })
  expect((await post(again.url, 'after')).status).toBe(200)
  expect(await bodies(again.url)).toEqual(['acknowledged', 'after'])
})

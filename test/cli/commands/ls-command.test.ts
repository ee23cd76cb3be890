/** `mayfly ls` before a real gateway in front of a real node, and its table. */

import { createHash } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { runCommand } from '../../../node/cli/command.ts'
import { formatHeld } from '../../../node/cli/commands/ls-command.ts'
import { createCollectingStream } from '../../helpers/collecting-stream.ts'
import { createTestGateway } from '../../helpers/gateway.ts'
import { createNetwork } from '../../helpers/network.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

async function ls(args: string[]) {
  const [stdout, stderr] = [createCollectingStream(), createCollectingStream()]
  const signal = new AbortController().signal
  const exitCode = await runCommand({ argv: ['ls', ...args], env: {}, stdin: new PassThrough().end(), stdout, stderr, signal })
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
}

test('ls: lists what the node holds, with name, kind and holders, and what its tabs hold', async () => {
  const network = await createNetwork({ nodes: 1 })
  const [{ peer }] = network.nodes
  const front = await createTestGateway(peer)
  expect(await ls(['--join', front.url])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Nothing is held') })

  const page = '<!doctype html><p>page'
  const put = await fetch(`${front.url}/api/v1/content?filename=..%2Fmy%20page.html`, { method: 'PUT', body: page })
  expect(((await put.json()) as { url: string }).url).toBe(`${front.url}/${sha256(page)}?filename=.._my%20page.html`)
  const tab = await network.addTab(network.nodes[0])
  const { key } = await tab.content.hold(Buffer.from('of a tab'))
  await tab.content.hold(Buffer.from(page))

  const { exitCode, stdout } = await ls(['--join', front.url, '--json'])
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect([exitCode, rows]).toEqual([
    0,
    [
      {
        hash: sha256(page),
        size: 22,
        type: 'text/html; charset=utf-8',
        name: '.._my page.html',
        sinceMs: expect.any(Number),
        holders: 2,
        people: 2,
      },
      ...[sha256(page), sha256('of a tab')].map((hash) => ({ hash, tabs: 1 })),
    ],
  ])
  expect(Buffer.from(key).toString('hex')).toBe(sha256('of a tab'))
  const words = await ls(['--join', front.url])
  expect(words.stdout).toMatch(new RegExp(`^HASH[^]*${sha256(page)}  22 bytes  text/html  \\d{4}-.*  2 +\\.\\._my page\\.html\n`))
  await fetch(`${front.url}/api/v1/content/${sha256(page)}`, { method: 'DELETE' })
  expect((await ls(['--join', front.url, '--json'])).stdout).not.toContain('"name"')
})

test('ls: is for the owner: another machine needs the token', async () => {
  const network = await createNetwork({ nodes: 1 })
  const front = await createTestGateway(network.nodes[0].peer, { token: 'secret', publicUrl: 'https://pages.example' })
  expect(await ls(['--join', front.url])).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('token') })
  expect(await ls(['--join', front.url, '--token', 'wrong'])).toMatchObject({ exitCode: 1, stdout: '' })
  expect(await ls(['--join', front.url, '--token', 'secret'])).toMatchObject({ exitCode: 0 })
})

test('ls: what is missing or odd in an answer is left out of the table', () => {
  const hash = 'ab'.repeat(32)
  const lines = formatHeld([{ hash, sinceMs: 1e300, size: '7', name: 'a\nb' }], [{ hash, tabs: 2 }]).split('\n')
  expect(lines).toEqual([
    expect.stringMatching(/^HASH/),
    expect.stringMatching(/^(ab){32} +a\?b$/),
    expect.stringMatching(/^(ab){32} +2 tabs here$/),
  ])
})

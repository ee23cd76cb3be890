/** SIGHUP at a real node, and what OPERATING.md says of its metrics and open files. */

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { METRICS } from '../../gateway/api/metrics.ts'
import { createPeer } from '../../node/index.ts'
import { startProgram } from '../helpers/background-program.ts'
import { freePort } from '../helpers/free-port.ts'
import { untilJoined } from '../helpers/network.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { operatingBlock } from '../helpers/operating-page.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

async function metricsOf(node: NodeProcess, token: string) {
  const response = await fetch(`${node.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, text: await response.text() }
}

test('SIGHUP: a node takes its new token, level and limits, names what needs a restart, and outlives a faulty file', async () => {
  const config = join(await createTemporaryDirectory(), 'config.json')
  await writeFile(config, JSON.stringify({ token: 'old', logLevel: 'info' }))
  const node = await startNodeProcess({ args: ['--config', config] })
  expect([(await metricsOf(node, 'old')).status, (await metricsOf(node, 'new')).status]).toEqual([200, 401])
  await writeFile(
    config,
    JSON.stringify({ token: 'new', logLevel: 'debug', clientFetches: 7, peerRate: '2MB', publicUrl: 'https://a.example' }),
  )
  node.process.kill('SIGHUP')
  expect(await node.waitForLog((line) => 'changed' in line)).toMatchObject({
    changed: ['--token', '--client-fetches', '--peer-rate', '--log-level'],
  })
  expect(await node.waitForLog((line) => 'flags' in line)).toMatchObject({ level: 'warn', flags: ['--public-url'] })
  expect([(await metricsOf(node, 'old')).status, (await metricsOf(node, 'new')).status]).toEqual([401, 200])
  const { limits } = (await (await fetch(`${node.url}/api/v1/status`)).json()) as {
    limits: { maxPeerBytesPerSecond: number; http: object }
  }
  expect(limits).toMatchObject({ maxPeerBytesPerSecond: 2_000_000, http: { maxFetchesPerAddress: 7 } })
  await node.waitForLog((line) => line.level === 'debug' && line.path === '/metrics')
  await writeFile(config, '{"token": "newer", ')
  node.process.kill('SIGHUP')
  expect(await node.waitForLog((line) => line.level === 'error')).toMatchObject({ reason: expect.stringContaining(config) })
  expect((await metricsOf(node, 'new')).status).toBe(200)
  expect(await node.stop()).toEqual({ code: 0, signal: null })
})

test('SIGHUP: a node in a terminal ends when that closes', async () => {
  const directory = await createTemporaryDirectory()
  const main = new URL('../../node/cli/main.ts', import.meta.url).pathname
  const output = join(directory, 'output')
  const command = `'${process.execPath}' '${main}' start --port 0 --data '${directory}/data' 2> '${output}'`
  // Its output goes through a file, so that nothing but the terminal can tell the node that it has closed.
  const terminal = startProgram('script', ['--quiet', '--flush', '--command', command, join(directory, 'typescript')])
  const read = () => readFile(output, 'utf8').catch(() => '')
  await waitFor(async () => (await read()).includes('"started"'), 60_000, 'the node runs')
  terminal.signal('SIGKILL')
  await waitFor(async () => (await read()).includes('"stopped"'), 20_000, 'the node has stopped')
})

test('Prometheus reads the metrics as on the page, with the token alone', async () => {
  const port = await freePort()
  await startNodeProcess({ port, args: ['--token', 'secret', '--public-url', 'https://pages.example', '--trust-proxy'] })
  const job = operatingBlock('prometheus.yml', { '127.0.0.1:4000': `127.0.0.1:${port}`, '/etc/prometheus/mayfly-token': 'token-file' })
  const target = /targets: \["([^"]+)"\]/.exec(job)?.[1]
  expect(job).toMatch(/^ {4}authorization:\n {6}credentials_file: token-file$/m) // the type is Bearer unless it is given
  const read = (headers: Record<string, string>) => fetch(`http://${target}/metrics`, { headers })
  expect((await read({})).status).toBe(401)
  const text = await (await read({ authorization: 'Bearer secret' })).text()
  expect(METRICS.filter(({ name, kind }) => !text.includes(`# TYPE ${name} ${kind}\n`))).toEqual([])
})

test('open files: one for each tab, and fewer than 64 for the node itself', async () => {
  const node = await startNodeProcess({ args: ['--receive', 'inbox'] })
  const openFiles = async () => (await readdir(`/proc/${node.process.pid}/fd`)).length
  const before = await openFiles()
  expect(before).toBeLessThan(64)
  const tabs = await Promise.all(Array.from({ length: 8 }, () => createPeer({ join: [node.url] })))
  onTestFinished(async () => void (await Promise.all(tabs.map((tab) => tab.stop()))))
  await Promise.all(tabs.map((tab) => tab.start()))
  await Promise.all(tabs.map((tab) => untilJoined(tab)))
  await waitFor(async () => Math.abs((await openFiles()) - before - tabs.length) <= 2, 20_000, 'one for each tab')
})

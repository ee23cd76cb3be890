/** The systemd unit of OPERATING.md: systemd takes it, and a node does nothing that it forbids. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { EXIT } from '../../node/cli/exit-code.ts'
import { startProgram } from '../helpers/background-program.ts'
import { freePort } from '../helpers/free-port.ts'
import { runMayfly, spawnMayfly } from '../helpers/mayfly-process.ts'
import { operatingBlock } from '../helpers/operating-page.ts'
import { runProgram } from '../helpers/program.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const MAIN = fileURLToPath(new URL('../../node/cli/main.ts', import.meta.url))
/** The exposure that `systemd-analyze security` gives, of 100; a unit without any protection has 96. */
const MOST_EXPOSED = 25

/** The values of a key, over all its lines. */
function valuesOf(unit: string, key: string): string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value)
}

test('the unit: systemd knows each of its lines, and calls it well protected', async () => {
  const path = join(await createTemporaryDirectory(), 'mayfly.service')
  await writeFile(path, operatingBlock('mayfly.service', { '/usr/local/bin/mayfly': process.execPath }))
  const verified = await runProgram('systemd-analyze', ['verify', '--man=no', path])
  expect([verified.code, verified.stderr.split('\n').filter((line) => line.includes('mayfly'))]).toEqual([0, []])
  const secured = await runProgram('systemd-analyze', ['security', '--no-pager', '--offline=true', `--threshold=${MOST_EXPOSED}`, path])
  expect([secured.code, secured.stdout.toString().split('\n').at(-2)]).toEqual([0, expect.stringContaining('exposure level')])
})

test('the unit: wrong usage is not tried again, and each other failure is', async () => {
  const unit = operatingBlock('mayfly.service')
  expect(valuesOf(unit, 'RestartPreventExitStatus')).toEqual([String(EXIT.wrongUsage)])
  expect((await runMayfly(['start', '--port', 'http'])).code).toBe(EXIT.wrongUsage)
  const taken = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const args = ['start', '--port', String(port), '--data', await createTemporaryDirectory()]
  expect((await runMayfly(args)).code).toBe(EXIT.failed)
})

test('the unit: a node that serves, holds and receives calls, opens and writes nothing that the unit forbids', async () => {
  const unit = operatingBlock('mayfly.service')
  const directory = await createTemporaryDirectory()
  const [state, cache] = [join(directory, 'lib'), join(directory, 'cache')]
  await mkdir(cache)
  const trace = join(directory, 'trace')
  const config = join(directory, 'config.json')
  const port = await freePort()
  const changes = {
    '/var/lib/mayfly': state,
    '"port": 4000': `"port": ${port}`,
    'https://pages.example': `http://localhost:${port}`,
    '"trustProxy": true': '"trustProxy": false',
  }
  await writeFile(config, operatingBlock('config.json', changes))
  const args = ['-f', '-qq', '-o', trace, process.execPath, MAIN, 'start', '--config', config, '--receive', 'inbox', '--tap', '#wall']
  const { log } = startProgram('strace', args, { XDG_CACHE_HOME: cache, NODE_COMPILE_CACHE: '' })
  await log.waitFor((line) => line.includes('"started"'), { timeoutMs: 120_000 })
  const url = `http://127.0.0.1:${port}`
  expect((await fetch(`${url}/api/v1/content`, { method: 'PUT', body: 'held' })).status).toBe(201)
  expect((await fetch(`${url}/to/wall?wait=10s`, { method: 'POST', body: 'received' })).status).toBe(200)
  const hold = spawnMayfly(['hold', '-', '--join', url], { stdin: 'through a websocket' })
  await hold.stdout.waitFor(() => true)
  await hold.kill('SIGTERM')
  process.kill(Number.parseInt(readFileSync(trace, 'utf8'), 10), 'SIGTERM') // strace itself blocks signals, and ends with the node
  await log.waitFor((line) => line.includes('"stopped"'), { timeoutMs: 60_000 })

  const calls = readFileSync(trace, 'utf8').split('\n').map(parseCall)
  const allowed = await callsOf('@system-service')
  for (const call of await callsOf('@privileged')) allowed.delete(call)
  if (process.getuid?.() === 0) allowed.add('fchown') // SQLite calls it for root alone
  expect(allowed.size).toBeGreaterThan(200)
  expect(valuesOf(unit, 'SystemCallFilter')).toEqual(['@system-service', '~@privileged'])
  expect([...new Set(calls.map(({ name }) => name))].filter((name) => name !== '' && !allowed.has(name))).toEqual([])

  const families = new Set(calls.flatMap(({ text }) => /\bsocket\((\w+)/.exec(text)?.[1] ?? []))
  expect([...families].filter((family) => !valuesOf(unit, 'RestrictAddressFamilies')[0]?.split(' ').includes(family))).toEqual([])

  const written = calls.flatMap(({ text }) => WRITE.exec(text)?.slice(1).filter(Boolean) ?? [])
  expect(written.some((path) => path.startsWith(state))).toBe(true)
  expect(written.filter((path) => !path.startsWith(state) && !path.startsWith(cache) && path !== '/dev/null')).toEqual([])
})

/** A call that writes to a file, or makes, moves or removes one, and succeeds. */
const WRITE =
  /(?:open(?:at)?\((?:AT_FDCWD, )?"([^"]*)", O_(?:WRONLY|RDWR)|\b(?:mkdir|unlink|rmdir|rename|link|symlink|chmod|truncate)\w*\((?:AT_FDCWD, )?"([^"]*)").*(?<!= -1 E.*)$/

/** A line of strace: `1234 openat(AT_FDCWD, …) = 3`, or `1234 <... read resumed>…`. */
function parseCall(text: string) {
  return { name: /^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)/.exec(text)?.[1] ?? '', text }
}

/** The system calls of one of systemd's sets, and of those within it. */
async function callsOf(set: string): Promise<Set<string>> {
  const { stdout } = await runProgram('systemd-analyze', ['syscall-filter', '--no-pager', set])
  const names = stdout
    .toString()
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const within = await Promise.all(names.filter((name) => name.startsWith('@')).map(callsOf))
  return new Set([...names.filter((name) => !name.startsWith('@')), ...within.flatMap((calls) => [...calls])])
}

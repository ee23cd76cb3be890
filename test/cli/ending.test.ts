/** How the command ends when somebody else ends it: a reader that has gone, a full disk, Ctrl-C. */

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { MAYFLY_MAIN, spawnMayfly } from '../helpers/mayfly-process.ts'

/** More than a pipe holds. */
const BYTES = Buffer.alloc(200_000, 'x')
const HASH = createHash('sha256').update(BYTES).digest('hex')

/** A gateway that answers everything so, gone with the test. */
async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('ending: a reader that has read enough ends it in silence, and it counts as done', async () => {
  const join = await listen((_, response) => response.end(BYTES))
  const get = spawnMayfly(['get', HASH, '--join', join])
  await once(get.process.stdout, 'data')
  get.process.stdout.destroy()
  expect([await get.exited, get.stderr.lines]).toEqual([{ code: 0, signal: null }, []])
})

test.each([[['get', HASH]], [['status']], [['--help']]])('ending: %j to a full disk fails, and says so', async (args) => {
  const join = await listen(({ url }, response) => response.end(url?.includes('status') ? '{"id":"a"}' : BYTES))
  const full = openSync('/dev/full', 'w')
  const child = spawn(process.execPath, [MAYFLY_MAIN, ...args, ...(args[0] === '--help' ? [] : ['--join', join])], {
    stdio: ['ignore', full, 'pipe'],
  })
  closeSync(full)
  const [words, [code]] = await Promise.all([text(child.stderr as NonNullable<typeof child.stderr>), once(child, 'close')])
  expect([code, words]).toEqual([1, expect.stringMatching(/^mayfly: Cannot write to standard output: the disk is full/)])
})

test('ending: Ctrl-C in a loop of a shell ends the loop, since the command ends by the signal', async () => {
  const asked = Promise.withResolvers<void>()
  let requests = 0
  const join = await listen(() => {
    requests++
    asked.resolve()
  })
  const loop = `for i in 1 2 3; do "$0" "$1" get ${HASH} --join ${join}; echo after; done; echo end`
  const shell = spawn('bash', ['-c', loop, process.execPath, MAYFLY_MAIN], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(shell, 'close')
  const output = Promise.all([text(shell.stdout), text(shell.stderr)])
  await asked.promise
  process.kill(-(shell.pid as number), 'SIGINT') // to all of its group, as a terminal does
  expect(await ended).toEqual([null, 'SIGINT'])
  expect([requests, await output]).toEqual([1, ['', 'mayfly: interrupted\n']])
})

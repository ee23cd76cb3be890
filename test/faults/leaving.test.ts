/** Holders and homes that leave without a word: killed, stopped, cut off. Every node is a process of its own. */

import { execFileSync, spawn } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { countAt, hashOf, untilStatus, watchCount } from '../helpers/gateway-client.ts'
import { spawnMayfly } from '../helpers/mayfly-process.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Three nodes in a line: B knows A, C knows B. */
async function startLine() {
  const a = await startNodeProcess()
  const b = await startNodeProcess({ join: [a.url] })
  const c = await startNodeProcess({ join: [b.url] })
  await waitFor(
    async () => {
      const answers = await Promise.all([a, b, c].map(async ({ url }) => (await fetch(`${url}/api/v1/status`)).json()))
      return answers.every(({ counts }) => counts.servers === 2)
    },
    60_000,
    'each knows the other two',
  )
  return { a, b, c, urls: [a.url, b.url, c.url] }
}

async function hold(url: string, page: string) {
  const holder = spawnMayfly(['hold', '-', '--join', url], { stdin: page })
  await holder.stdout.waitFor(() => true)
  return { holder, hash: hashOf(page) }
}

test('leaving: a holding process killed by SIGKILL is gone from every gateway within a second, and every watcher sees 0', async () => {
  const { a, urls } = await startLine()
  const { holder, hash } = await hold(a.url, 'killed without a word')
  await untilStatus(urls, hash, 200, 30_000)
  const watches = await Promise.all(urls.map((url) => watchCount(url, hash)))
  await waitFor(() => watches.every(({ seen }) => seen.at(-1)?.count === 1), 30_000, 'every watcher sees 1')
  // A gateway answers 404 only after it has asked every server: on a busy machine that takes longer than the record lives.
  const askingMs = await untilStatus(urls, hashOf('held by nobody'), 404, 30_000)
  await holder.kill('SIGKILL')
  expect(await untilStatus(urls, hash, 404, 30_000)).toBeLessThan(1_000 + 2 * askingMs)
  const seenMs = await waitFor(() => watches.every(({ seen }) => seen.at(-1)?.count === 0), 30_000, 'every watcher sees 0')
  expect(seenMs).toBeLessThan(1_000 + 2 * askingMs)
  for (const watch of watches) watch.stop()
})

test('leaving: a stopped holder, and a stopped home with its tabs, are gone from every answer within 15 s', async () => {
  await Promise.all([await stopHolder(), await stopHome()].map(({ gone }) => gone()))
})

interface Departure {
  /** Resolves when it is in no answer any more, and says that this took less than 15 s. */
  gone(): Promise<void>
}

async function stopHolder(): Promise<Departure> {
  const { b, urls } = await startLine()
  const { holder, hash } = await hold(b.url, 'stopped, not ended')
  await untilStatus(urls, hash, 200, 30_000)
  onTestFinished(() => void holder.process.kill('SIGCONT'))
  return {
    async gone() {
      await holder.kill('SIGSTOP')
      await expectGone(urls, hash)
    },
  }
}

async function stopHome(): Promise<Departure> {
  const { a, b, c } = await startLine()
  const { holder, hash } = await hold(a.url, 'its home is stopped')
  const others = [b.url, c.url]
  await untilStatus(others, hash, 200, 30_000)
  onTestFinished(() => void [a, holder].map(({ process }) => process.kill('SIGCONT')))
  return {
    async gone() {
      // Both, or the holder would find itself another home, and be right to be served.
      await Promise.all([a.kill('SIGSTOP'), holder.kill('SIGSTOP')])
      await expectGone(others, hash)
    },
  }
}

async function expectGone(urls: string[], hash: string): Promise<void> {
  const counts = () => Promise.all(urls.map((url) => countAt(url, hash)))
  const countsGone = waitFor(async () => (await counts()).every((count) => count === 0), 20_000, 'no count')
  expect(await untilStatus(urls, hash, 404, 20_000)).toBeLessThan(15_000)
  expect(await countsGone).toBeLessThan(15_000)
}

test.runIf(mayMakeNamespaces())(
  'leaving: a holder whose network is cut is gone from every answer within 15 s',
  async () => {
    const names = [`mf-a-${process.pid}`, `mf-b-${process.pid}`] as const
    const ip = (...args: string[]) => execFileSync('ip', args)
    onTestFinished(() => {
      for (const name of names) {
        try {
          ip('netns', 'del', name)
        } catch {} // it was never made
      }
    })
    for (const name of names) ip('netns', 'add', name)
    ip('-n', names[0], 'link', 'add', 'mfa', 'type', 'veth', 'peer', 'name', 'mfb', 'netns', names[1])
    for (const [name, link, address] of [
      [names[0], 'mfa', '192.0.2.1/24'], // TEST-NET-1: RFC 5737
      [names[1], 'mfb', '192.0.2.2/24'],
    ] as const) {
      ip('-n', name, 'address', 'add', address, 'dev', link)
      ip('-n', name, 'link', 'set', link, 'up')
      ip('-n', name, 'link', 'set', 'lo', 'up')
    }
    const url = 'http://192.0.2.1:4100'
    const inside = (name: string, args: string[], stdin = '') => {
      const main = new URL('../../node/cli/main.ts', import.meta.url).pathname
      const child = spawn('ip', ['netns', 'exec', name, process.execPath, main, ...args], { stdio: ['pipe', 'pipe', 'ignore'] })
      child.stdin.end(stdin)
      onTestFinished(() => void child.kill('SIGKILL'))
      return new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
    }
    const ask = () => {
      const status = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '5', `${url}/raw/${hash}`]
      const count = ['-s', '--max-time', '5', '-H', 'accept: application/json', `${url}/api/v1/holders/${hash}`]
      const curl = (args: string[]) => execFileSync('ip', ['netns', 'exec', names[0], 'curl', ...args]).toString()
      return { status: curl(status), holders: JSON.parse(curl(count)).holders as number }
    }
    const hash = hashOf('its cable is pulled')
    await inside(names[0], ['start', '--json', '--host', '0.0.0.0', '--port', '4100', '--data', `/tmp/mayfly-cut-${process.pid}`])
    await inside(names[1], ['hold', '-', '--join', url], 'its cable is pulled')
    expect(ask()).toEqual({ status: '200', holders: 1 })
    ip('-n', names[1], 'link', 'set', 'mfb', 'down')
    const gone = () => {
      const { status, holders } = ask()
      return status === '404' && holders === 0
    }
    expect(await waitFor(gone, 20_000, 'gone')).toBeLessThan(15_000)
  },
  180_000,
)

/** Network namespaces want root on Linux, and `ip` and `curl`. */
function mayMakeNamespaces(): boolean {
  const name = `mf-probe-${process.pid}`
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' })
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' })
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

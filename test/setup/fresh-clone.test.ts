/** The README's promises, on a fresh clone: real npm, the system's own Node.js, nothing installed before. Needs the registry, or npm's cache. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { cloneInto, systemEnvironment } from '../helpers/clone.ts'
import { createLineLog } from '../helpers/line-log.ts'

/** Time limit of a start, in ms: long enough for a download of all packages over a slow line. */
const START_MS = 580_000

const clone = realpathSync(mkdtempSync(join(tmpdir(), 'mayfly-clone-')))
const env = { ...systemEnvironment(), MAYFLY_DATA: join(clone, 'data') }
const stamp = join(clone, 'browser', 'dist', '.built-from')

beforeAll(() => cloneInto(clone))
afterAll(() => rmSync(clone, { recursive: true, force: true }))

describe('npm start', () => {
  test('installs, builds and serves the app on a fresh clone', async () => {
    expect(existsSync(join(clone, 'node_modules'))).toBe(false)
    const { url } = await start(['start', '--', '--port', '0', '--json'])
    const page = await fetch(url)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    const script = /<script[^>]+src="([^"]+)"/.exec(await page.text())?.[1]
    expect(script).toBeDefined()
    expect((await fetch(new URL(script ?? '', url))).status).toBe(200)
  })

  test('ends cleanly when only npm gets the signal', async () => {
    const { npm } = await start(['start', '--', '--port', '0', '--json'])
    npm.kill('SIGTERM')
    expect(await once(npm, 'exit')).toEqual([0, null])
    expect(isGroupAlive(npm)).toBe(false)
  })

  test('ends cleanly on Ctrl-C, which the terminal sends to npm and mayfly, and npm to mayfly once more', async () => {
    const { npm } = await start(['start', '--', '--port', '0', '--json'])
    signalGroup(npm, 'SIGINT')
    expect(await once(npm, 'exit')).toEqual([0, null])
    expect(isGroupAlive(npm)).toBe(false)
  })
})

test('paths are relative to the folder in which the user calls npm', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-elsewhere-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'page.txt'), 'Fresh bread today')
  writeFileSync(join(folder, 'mayfly.json'), '{"join": ["http://127.0.0.1:9"], "timeout": "1s"}')
  const mayfly = ['run', '-s', 'mayfly', '--', 'hold', 'page.txt', '--config', 'mayfly.json']
  const { status, stderr } = spawnSync('npm', ['--prefix', clone, ...mayfly], { cwd: folder, env, encoding: 'utf8' })
  // Both files were found: it has got as far as the network.
  expect(stderr).toContain('Could not join the network')
  expect(status).toBe(4)
})

describe('set-up', () => {
  test('says nothing and is quick when there is nothing to do', () => {
    const timed = (run: () => unknown) => {
      const startedAtMs = performance.now()
      run()
      return performance.now() - startedAtMs
    }
    const bare: number[] = []
    const runs = Array.from({ length: 5 }, () => {
      bare.push(timed(() => spawnSync(process.execPath, ['--eval', ''], { cwd: clone, env })))
      return timed(() => {
        const { status, stdout, stderr } = setUp()
        expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
      })
    })
    // Baseline: two starts of an idle Node.js, and a read of the tree's files.
    expect(Math.min(...runs)).toBeLessThan(200 + 3 * Math.min(...bare))
  })

  test('leaves stdout to the command, also when it has something to do', () => {
    rmSync(stamp)
    const { stdout, stderr } = spawnSync('npm', ['run', '-s', 'mayfly', '--', '--version'], { cwd: clone, env, encoding: 'utf8' })
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(stderr).toContain('building the tab')
  })

  test('builds the tab again when a source of it changes, and for nothing else', () => {
    const builtAtMs = () => statSync(stamp).mtimeMs
    const before = builtAtMs()
    writeFileSync(join(clone, 'node', 'server', 'new.ts'), 'export const n = 1\n')
    writeFileSync(join(clone, 'README.md'), '# mayfly\n')
    setUp()
    expect(builtAtMs()).toBe(before)
    writeFileSync(join(clone, 'node', 'new.ts'), 'export const n = 1\n')
    setUp()
    expect(builtAtMs()).toBeGreaterThan(before)
  })

  test('two at once do the work once, past the lock of one that died', async () => {
    rmSync(join(clone, 'browser', 'dist'), { recursive: true })
    const { pid } = spawnSync(process.execPath, ['--version'])
    writeFileSync(join(clone, '.setup-lock'), String(pid))
    const outputs = await Promise.all([1, 2].map(() => collect(spawn('node', ['scripts/setup.mjs'], { cwd: clone, env }))))
    expect(outputs.map(({ status }) => status)).toEqual([0, 0])
    expect(outputs.filter(({ stderr }) => stderr.includes('building the tab'))).toHaveLength(1)
    expect(existsSync(join(clone, '.setup-lock'))).toBe(false)
  })

  test('asks npm again when the lockfile asks for something else, and fails when npm does', () => {
    const lockfile = join(clone, 'package-lock.json')
    writeFileSync(lockfile, readFileSync(lockfile, 'utf8').replace(/("node_modules\/hono": \{\s+"version": ")/, '$19'))
    const { status, stderr } = setUp({ npm_config_offline: 'true', npm_config_cache: join(clone, 'empty-cache') })
    expect(stderr).toContain('installing packages')
    expect(status).toBe(1)
    expect(existsSync(join(clone, '.setup-lock'))).toBe(false)
  })
})

function setUp(more: NodeJS.ProcessEnv = {}) {
  return spawnSync('node', ['scripts/setup.mjs'], { cwd: clone, env: { ...env, ...more }, encoding: 'utf8' })
}

/** Runs npm until mayfly's line of JSON says where it listens. In a process group of its own, ended with the test. */
async function start(args: string[]): Promise<{ npm: ChildProcess; url: string }> {
  const npm = spawn('npm', args, { cwd: clone, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void signalGroup(npm, 'SIGKILL'))
  const errors = createLineLog(npm.stderr)
  // npm prints the scripts that it runs, on stdout, too.
  const isJson = (text: string) => text.startsWith('{')
  const line = await createLineLog(npm.stdout)
    .waitFor(isJson, { timeoutMs: START_MS })
    .catch((cause: Error) => {
      throw new Error(`npm ${args.join(' ')} does not serve:\n${errors.lines.join('\n')}`, { cause })
    })
  const { url }: { url: string } = JSON.parse(line)
  return { npm, url }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false
  try {
    return process.kill(-pid, signal)
  } catch {
    return false
  }
}

function isGroupAlive(leader: ChildProcess): boolean {
  return signalGroup(leader, 0)
}

async function collect(child: ChildProcess): Promise<{ status: number; stderr: string }> {
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [status] = await once(child, 'close')
  return { status, stderr }
}

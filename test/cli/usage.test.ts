import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { runCommand } from '../../node/cli/command.ts'
import { createCollectingStream } from '../helpers/collecting-stream.ts'
import { runMayfly } from '../helpers/mayfly-process.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const HASHNAME = `${'a'.repeat(51)}q`
const SHARE = `http://127.0.0.1:9/s/${'a'.repeat(52)}#secret`
/** Nothing listens at the discard port. */
const NOWHERE = 'http://127.0.0.1:9'

/** The command within this process: what it says and how it ends, without a process around it. */
async function run(argv: string[], env: Record<string, string> = {}, { signal = new AbortController().signal, isTTY = false } = {}) {
  const stdout = createCollectingStream({ isTTY })
  const stderr = createCollectingStream({ isTTY })
  const exitCode = await runCommand({ argv, env, stdin: new PassThrough().end(), stdout, stderr, signal })
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
}

test.each([
  [['--help']],
  [['help']],
  [['help', 'get']],
  [['start', '--help']],
  [['hold', '-h']],
  [['share', '--help']],
  [['get', '--help']],
  [['holders', '--help']],
  [['receive', '--help']],
  [['contacts', '--help']],
  [['status', '--help']],
  [['send', '--help']],
  [['ls', '--help']],
])('usage: %j prints the usage, and exits with 0', async (argv) => {
  const { exitCode, stdout, stderr } = await run(argv)
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain('Usage: mayfly')
})

test('usage: --version prints the version of the package', async () => {
  const { version } = (await import('../../package.json', { with: { type: 'json' } })).default
  expect(await run(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
})

test.each<[string, string[]]>([
  ['no sub-command', []],
  ['an unknown sub-command', ['strat']],
  ['an unknown flag', ['status', '--colour']],
  ["another sub-command's flag", ['status', '--watch']],
  ['a flag without its value', ['status', '--join']],
  ['nothing to get', ['get']],
  ['too much to get', ['get', HASH, HASH]],
  ['no hash', ['get', 'hello']],
  ['a hash in upper case', ['holders', HASH.toUpperCase()]],
  ['a link to something else', ['get', 'http://localhost:4000/api/v1/status']],
  ['an address that is none', ['status', '--join', 'localhost:4000']],
  ['a status of what has no HTTP', ['status', '--join', '/ip4/127.0.0.1/tcp/4000']],
  ['a port that is none', ['start', '--port', 'http']],
  ['a time for a node, which never gives up', ['start', '--timeout', '1s']],
  ['a time that is none', ['status', '--timeout', 'soon']],
  ['a file of settings that is not there', ['status', '--config', '/nowhere.json']],
  ['JSON where the bytes go', ['get', HASH, '--json', '--join', NOWHERE]],
  ['nothing to hold', ['hold', '--join', NOWHERE]],
  ['nothing to share', ['share', '--join', NOWHERE]],
  ['a password where others would see it', ['share', 'package.json', '--password=secret']],
  ['a password without a terminal to ask at', ['share', 'package.json', '--password', '--join', NOWHERE]],
  ['receivers to be asked about without a terminal', ['share', 'package.json', '--ask', '--join', NOWHERE]],
  ['a share without a terminal to ask at', ['receive', SHARE]],
  ['the link of a drop box', ['receive', SHARE.replace('/s/', '/d/')]],
  ['the link of something else', ['receive', 'https://mayfly.example/people']],
  ['a link without its end', ['receive', SHARE.replace(/#.*/, '')]],
  ['nowhere to send', ['send']],
  ['an end without its #', ['send', 'wall', 'hello']],
  ['a name that cannot be', ['send', '#a b', 'hello']],
  ['text of several words', ['send', '#wall', 'hello', 'world']],
  ['a field without a value', ['send', '#wall', 'hello', '--field', 'topic']],
  ['an answer to what is no id', ['send', '#wall', 'hello', '--re', 'abc']],
  ['a multiaddr that cannot be read', ['get', HASH, '--join', '/ip4/nowhere']],
  ['a name of a receiver that is none', ['receive', '../a', '--data', '/nowhere']],
  ['an end that is none', ['receive', '--tap', '#a b', '--data', '/nowhere']],
  ['a rule that is none', ['receive', '--tap', '#a', '--rule', '{"was":{}}', '--data', '/nowhere']],
  ['a rule that is no JSON', ['receive', '--rule', 'type=text/plain', '--data', '/nowhere']],
  ['a shell without a completion', ['completion', 'tcsh']],
  ['an export of nothing', ['receive', 'nobody', '--export', '--data', '/nowhere']],
])('usage: %s exits with 2, and prints why on standard error only', async (_, argv) => {
  const { exitCode, stdout, stderr } = await run(argv)
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).not.toBe('')
})

test.each<[string, string[], string]>([
  ...['--tap #a', '--rule {"has":["a"]}', '--policy open', `--name ${HASHNAME}=Anna`, `--mute ${HASHNAME}`].map(onStart),
  ...['--keep-days 1', '--trust-clock', '--keep-count 5', '--sender-rate 9'].map(onStart),
  ['--rule of start', ['start', '--receive', 'inbox', '--rule', '{"has":["a"]}'], '--tap #END'],
  ['--rule of receive', ['receive', '--rule', '{"has":["a"]}'], '--tap #END'],
  ...['--port 1', '--host ::1', '--public-url https://a.example', '--token a'].map(withNoView),
  ...['--port 1', '--no-view', '--tap #a', '--keep-days 1'].map(withExport),
  ...['--list', '--yes', '--only a', '--overwrite', '-o a', '--wait 1s'].map((flag): [string, string[], string] => [
    `receive ${flag}`,
    ['receive', ...flag.split(' ')],
    'without a share',
  ]),
  ['a port for a share', ['receive', SHARE, '--port', '1'], 'for a receiver of messages'],
  ['--yes with --list', ['receive', SHARE, '--list', '--yes'], 'with --list'],
  ['--receivers with --once', ['share', 'a', '--once', '--receivers', '2'], 'with --once'],
  ['--title of nothing', ['receive', '--title', 'a'], 'without --files DIR'],
  ['--files with a share', ['receive', SHARE, '--files', 'a'], 'makes a link for others'],
  ['--from nobody', ['share', 'a', '--from', 'Anna'], 'without --to'],
  ['--once to a drop box', ['share', 'a', '--once', '--to', 'https://a.example/d/b#c'], 'drop box'],
])('usage: %s that would do nothing is refused, with the flag that is missing or in its way', async (_, argv, words) => {
  const { exitCode, stdout, stderr } = await run([...argv, '--data', '/nowhere'])
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toContain('does nothing')
  expect(stderr).toContain(words)
})

function onStart(flag: string): [string, string[], string] {
  return [`start ${flag}`, ['start', ...flag.split(' ')], 'without --receive NAME']
}

function withNoView(flag: string): [string, string[], string] {
  return [`receive --no-view ${flag}`, ['receive', '--no-view', ...flag.split(' ')], 'with --no-view']
}

function withExport(flag: string): [string, string[], string] {
  return [`receive --export ${flag}`, ['receive', '--export', ...flag.split(' ')], 'with --export']
}

test('usage: a variable that does nothing for this sub-command may be there for another one', async () => {
  const env = { MAYFLY_PORT: '1', MAYFLY_TAP: '#a', MAYFLY_DATA: '/nowhere' }
  expect((await run(['receive', 'nobody', '--export'], env)).stderr).toContain('There is no receiver "nobody"')
})

test('usage: the log of a node names a variable that does nothing', async () => {
  const data = join(await createTemporaryDirectory(), 'data')
  const { exitCode, stderr } = await run(['start', '--port', '0', '--data', data], { MAYFLY_TAP: '#a' }, { signal: AbortSignal.abort() })
  expect(exitCode).toBe(0)
  expect(stderr).toContain('MAYFLY_TAP does nothing without --receive NAME')
})

test.each(['8d', '500ms', '0'])('usage: a message cannot live for %s, and the refusal says how long it can', async (ttl) => {
  const { exitCode, stderr } = await run(['send', '#wall', 'hello', '--ttl', ttl, '--join', NOWHERE])
  expect(exitCode).toBe(2)
  expect(stderr).toContain('--ttl: expected a time from 1s to 7d')
})

test.each([[['status']], [['get', HASH]], [['holders', HASH]], [['hold', 'package.json']]])(
  'usage: %j says so when its configuration names nobody to join',
  async (argv) => {
    const config = join(await createTemporaryDirectory(), 'mayfly.json')
    await writeFile(config, '{"join": []}')
    const { exitCode, stderr } = await run([...argv, '--config', config])
    expect(exitCode).toBe(4)
    expect(stderr).toContain('name a gateway with --join URL')
  },
)

test.each<[string, string[]]>([
  ['status', ['status']],
  ['get', ['get', HASH]],
  ['holders', ['holders', HASH]],
  ['holders --watch', ['holders', HASH, '--watch']],
])('usage: %s exits with 4 when no gateway can be reached', async (_, argv) => {
  const people = await run([...argv, '--join', NOWHERE])
  expect([people.exitCode, people.stdout]).toEqual([4, ''])
  const programs = await run([...argv, '--join', NOWHERE, ...(argv[0] === 'get' ? ['-o', '/dev/null'] : []), '--json'])
  expect([programs.exitCode, programs.stdout]).toEqual([4, ''])
  expect(JSON.parse(programs.stderr)).toMatchObject({ error: { code: 'ERR_NO_NETWORK' } })
})

test('usage: a command that is stopped before it began does nothing: start and --watch exit with 0, the others with 1', async () => {
  const data = join(await createTemporaryDirectory(), 'data')
  const ended = AbortSignal.abort(new DOMException('ended', 'AbortError'))
  expect(await run(['start', '--port', '0', '--data', data, '--log-level', 'silent'], {}, { signal: ended })).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: '',
  })
  for (const argv of [['status'], ['get', HASH], ['holders', HASH], ['hold', '-']]) {
    expect(await run([...argv, '--join', NOWHERE], {}, { signal: ended })).toMatchObject({ exitCode: 1, stdout: '' })
  }
  expect(await run(['holders', HASH, '--watch', '--join', NOWHERE], {}, { signal: ended })).toMatchObject({ exitCode: 0, stdout: '' })
})

test('usage: settings come from the flag, then the environment, then the file', async () => {
  const asked: string[] = []
  const port = await listen((request, response) => {
    asked.push(request.headers.host ?? '')
    response.end('{"id":"a"}')
  })
  const config = join(await createTemporaryDirectory(), 'mayfly.json')
  await writeFile(config, JSON.stringify({ join: `http://127.0.0.1:${port}`, json: true }))

  expect(await run(['status', '--config', config])).toMatchObject({ exitCode: 0, stdout: '{"id":"a"}\n' })
  expect(await run(['status'], { MAYFLY_CONFIG: config, MAYFLY_JSON: 'no' })).toMatchObject({ stdout: expect.stringContaining('gateway') })
  expect(await run(['status', '--config', config], { MAYFLY_JOIN: NOWHERE })).toMatchObject({ exitCode: 4 })
  expect(await run(['status', '--join', `http://localhost:${port}`], { MAYFLY_JOIN: NOWHERE })).toMatchObject({ exitCode: 0 })
  expect(asked).toEqual([`127.0.0.1:${port}`, `127.0.0.1:${port}`, `localhost:${port}`])
})

test('usage: content of a link is asked of the link’s own gateway, unless the command line names another', async () => {
  const link = `${NOWHERE}/${HASH}`
  const elsewhere = 'http://127.0.0.1:19'
  const asked = async (argv: string[], env = {}) => (await run(argv, env)).stderr
  expect(await asked(['get', link])).toContain(NOWHERE)
  expect(await asked(['get', link], { MAYFLY_JOIN: elsewhere })).toContain(NOWHERE)
  expect(await asked(['get', link, '--join', elsewhere])).toContain(elsewhere)
  expect(await asked(['get', HASH], { MAYFLY_JOIN: elsewhere })).toContain(elsewhere)
})

test('usage: bytes that could upset a terminal reach it only when asked for by name', async () => {
  const bytes = 'plain \u001b[2J text'
  const hash = createHash('sha256').update(bytes).digest('hex')
  const join = `http://127.0.0.1:${await listen((_, response) => response.end(bytes))}`
  expect(await run(['get', hash, '--join', join], {}, { isTTY: true })).toMatchObject({ exitCode: 2, stdout: '' })
  expect(await run(['get', hash, '--join', join, '-o', '-'], {}, { isTTY: true })).toEqual({ exitCode: 0, stdout: bytes, stderr: '' })
  expect(await run(['get', hash, '--join', join])).toEqual({ exitCode: 0, stdout: bytes, stderr: '' })
})

test('usage: a real process exits with the code, and writes to the right streams', async () => {
  const [version, nobody, wrong] = await Promise.all([
    runMayfly(['--version']),
    runMayfly(['status', '--join', NOWHERE]),
    runMayfly(['get', 'hello']),
  ])
  expect(version).toMatchObject({ code: 0, stderr: '' })
  expect(version.stdout.toString()).toMatch(/^\d+\.\d+\.\d+\n$/)
  expect(nobody).toMatchObject({ code: 4, stdout: Buffer.alloc(0), stderr: expect.stringMatching(/^mayfly: /) })
  expect(wrong).toMatchObject({ code: 2, stdout: Buffer.alloc(0), stderr: expect.stringMatching(/^mayfly: /) })
})

/** A server on loopback, gone with the test. */
async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

test.each([
  ['a wrong value', ['start', '--port', 'http'], 2, '--port: expected a port'],
  ['an unknown flag', ['start', '--nonsense'], 2, "unknown option '--nonsense'"],
  ['a directory that cannot be used', ['start', '--port', '0', '--data', '/dev/null/x'], 1, '/dev/null/x'],
])('usage: the log of a node is JSON to its last line, of a start that fails, too: %s', async (_, argv, code, words) => {
  const { exitCode, stderr } = await run(argv)
  expect(exitCode).toBe(code)
  const lines = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.at(-1)).toMatchObject({
    level: 'fatal',
    time: expect.any(String),
    code: expect.any(String),
    msg: expect.stringContaining(words),
  })
  const atTerminal = await run(argv, {}, { isTTY: true })
  expect([atTerminal.exitCode, atTerminal.stderr.includes('{')]).toEqual([code, false])
})

test.each<[string[], string]>([
  [['hold'], '`mayfly help hold`'],
  [['get', HASH, '--colour'], '`mayfly help get`'],
  [['strat'], '`mayfly --help`'],
  [['help', 'strat'], "unknown command 'strat'"],
])('usage: %j says where its own help is, and does not print all of it', async (argv, words) => {
  const { exitCode, stdout, stderr } = await run(argv)
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toContain(words)
  expect(stderr).not.toContain('Usage:')
})

test.each([
  ['receive', '--wait', 'sender of a share'],
  ['send', '--wait', 'stored the message'],
  ['get', '--wait', 'somebody holds it'],
])('usage: the help of %s says what %s means there, and nothing of other commands', async (command, flag, words) => {
  const { stdout } = await run([command, '--help'])
  const [, entry = ''] = stdout.replace(/\s+/g, ' ').split(` ${flag} `)
  expect(entry.slice(0, 80)).toContain(words)
})

test('usage: what is no link is told all forms of one', async () => {
  expect((await run(['get', 'hello'])).stderr).toMatch(/a link, a hash of 64 lower-case hex digits or a CID, got "hello"/)
})

/** The packed library, installed into a project of its own as an app developer does, runs and is typed. Needs the registry, or npm's cache. */

import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findNodeFault } from '../../node/cli/node-version.ts'
import { documents, relativeLinks } from '../../scripts/docs/documents.ts'
import { ROOT, systemEnvironment } from '../helpers/clone.ts'
import { createLineLog } from '../helpers/line-log.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

/** Two tabs behind one node: one holds, the other reads. */
const APP = `
import { createPeer, encodeKeyHex } from 'mayfly'

const [author, reader] = await Promise.all([1, 2].map(() => createPeer({ join: [process.argv[2]] })))
await Promise.all([author, reader].map((peer) => peer.start()))
await Promise.all([author, reader].map((peer) => peer.joined()))
const { key } = await author.content.hold(new TextEncoder().encode('hello'))
for await (const holders of reader.rendezvous.watch(key)) if (holders > 0) break
const { bytes } = await reader.content.get(key)
console.log(encodeKeyHex(key), new TextDecoder().decode(bytes))
await Promise.all([author, reader].map((peer) => peer.stop()))
`

const TYPED_APP = `
import { createPeer, type Peer, type PeerStatus } from 'mayfly'
import { createPeer as createTab } from 'mayfly/browser'

const peer: Peer = await createPeer({ join: ['http://localhost:4000'] })
export const status: PeerStatus = peer.status()
// @ts-expect-error a number is no text: the types are really there
export const held: string = status.counts.held
// @ts-expect-error the same for a tab: it must name a gateway
export const tab = createTab({})
`

test('the packed library and command install, run under Node.js and are typed', async () => {
  const project = await createTemporaryDirectory()
  npm(ROOT, ['pack', '--silent', '--pack-destination', project])
  const tarball = readdirSync(project).find((file) => file.endsWith('.tgz'))
  writeFileSync(join(project, 'package.json'), '{"type":"module"}')
  npm(project, ['install', `./${tarball}`, '--no-audit', '--no-fund', '--loglevel=error'])

  const packed = (path: string) => readFileSync(join(project, 'node_modules', 'mayfly', 'dist', path), 'utf8')
  expect(packed('mayfly.1')).toMatch(/^\.TH MAYFLY 1 /)
  // The command has the code of its packages in it, so that it starts from few files, and names their licenses.
  expect(packed('node/cli/licenses.md')).toMatch(/^## libp2p - \d/m)
  expectWordsForOlderNode(project)
  const url = await startNode(project)
  expect((await fetch(url)).headers.get('content-type')).toMatch(/^text\/html/)

  writeFileSync(join(project, 'app.js'), APP)
  expect(node(project, ['app.js', url])).toEqual({
    status: 0,
    stdout: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 hello\n',
    stderr: '',
  })

  writeFileSync(join(project, 'typed-app.ts'), TYPED_APP)
  const options = '--noEmit --strict --module nodenext --target es2024 --lib es2024,dom,dom.iterable --skipLibCheck'.split(' ')
  const tsc = join(ROOT, 'node_modules', '@typescript', 'native', 'bin', 'tsc')
  expect(node(project, [tsc, ...options, 'typed-app.ts'])).toEqual({ status: 0, stdout: '', stderr: '' })
})

/** The system's own Node.js may be as old as the one that the README asks for in a clone. */
function expectWordsForOlderNode(project: string): void {
  const run = (args: string[]) => spawnSync('node', args, { env: systemEnvironment(), encoding: 'utf8' })
  const fault = findNodeFault(run(['--version']).stdout.trim().slice(1))
  if (fault === undefined) return
  const { status, stdout, stderr } = run([join(project, 'node_modules', '.bin', 'mayfly'), 'start'])
  expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: `${fault}\n` })
}

/** The installed command, as a node with its gateway and app, until the test ends. */
async function startNode(project: string): Promise<string> {
  const command = join(project, 'node_modules', '.bin', 'mayfly')
  const args = [command, 'start', '--port', '0', '--json', '--data', join(project, 'data')]
  const child = spawn(process.execPath, args, { env: systemEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const errors = createLineLog(child.stderr)
  const line = await createLineLog(child.stdout)
    .waitFor(() => true)
    .catch((cause: Error) => {
      throw new Error(`mayfly start does not serve:\n${errors.lines.join('\n')}`, { cause })
    })
  const { url }: { url: string } = JSON.parse(line)
  return url
}

test('the package holds the built library and tab, the documents, and none of the sources or tests', () => {
  const files = packedFiles()
  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'package.json', 'dist/node/index.js', 'browser/dist/index.html']))
  const expected = [/^(dist|browser\/dist)\//, /^(LICENSE|package\.json|browser\/picture\.svg)$/, /\.md$/]
  expect(files.filter((file) => !expected.some((form) => form.test(file)))).toEqual([])
})

test('each relative link of a packed document leads to a packed file', () => {
  const files = packedFiles()
  // The findings stand in a clone only: their scripts are for developers.
  const expected = documents().filter((path) => !path.startsWith('findings/'))
  const packed = documents().filter((path) => files.includes(path))
  expect(packed).toEqual(expected)
  expect(packed.flatMap(relativeLinks).filter(({ path }) => !files.includes(path))).toEqual([])
})

function packedFiles(): string[] {
  const listing: [{ files: { path: string }[] }] = JSON.parse(npm(ROOT, ['pack', '--dry-run', '--json', '--ignore-scripts']))
  return listing[0].files.map(({ path }) => path)
}

function npm(cwd: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, env: systemEnvironment(), encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout
}

function node(cwd: string, args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, env: systemEnvironment(), encoding: 'utf8' })
  return { status, stdout, stderr }
}

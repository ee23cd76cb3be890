import { execFileSync } from 'node:child_process'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type FolderRules, listFolder } from '../../../node/cli/hold/folder.ts'
import type { MayflyError } from '../../../node/errors.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const RULES: FolderRules = { task: 'hold', maxFiles: 100, skipHidden: false, skipOdd: false }
const pathsOf = ({ files }: Awaited<ReturnType<typeof listFolder>>) => files.map(({ path }) => path)

test('folder: lists every file, hidden ones and those in folders too, in one order', async () => {
  const folder = await createTemporaryDirectory()
  await mkdir(join(folder, 'b/🙂 c'), { recursive: true })
  const paths = ['.hidden', 'a b', 'b/z', 'b/🙂 c/x.txt', 'é']
  for (const path of paths) await writeFile(join(folder, path), path)
  await symlink('../a b', join(folder, 'b/link'))
  const { files } = await listFolder(folder, RULES)
  expect(files).toEqual([...paths, 'b/link'].toSorted().map((path) => ({ path, file: join(folder, path) })))
})

test('folder: an empty one has no files', async () => {
  expect(await listFolder(await createTemporaryDirectory(), RULES)).toEqual({
    files: [],
    hidden: [],
    emptyFolders: [],
    executables: [],
    leftOut: [],
  })
})

test('folder: names what a bundle does not keep, and what is hidden in it', async () => {
  const folder = await createTemporaryDirectory()
  await mkdir(join(folder, '.git/objects/ab'), { recursive: true })
  await mkdir(join(folder, 'sub/none'), { recursive: true })
  for (const path of ['.env', '.git/config', '.git/.index', 'sub/.cache', 'run.sh', 'page']) await writeFile(join(folder, path), path)
  await chmod(join(folder, 'run.sh'), 0o755)
  const listing = await listFolder(folder, RULES)
  expect(listing).toMatchObject({
    hidden: ['.env', '.git', 'sub/.cache'],
    emptyFolders: ['.git/objects/ab', 'sub/none'],
    executables: ['run.sh'],
  })
  const plain = await listFolder(folder, { ...RULES, skipHidden: true })
  expect([pathsOf(plain), plain.hidden]).toEqual([['page', 'run.sh'], []])
})

async function createOddFolder(): Promise<string> {
  const folder = await createTemporaryDirectory()
  await mkdir(join(folder, 'sub'))
  await writeFile(join(folder, 'fine'), '')
  await writeFile(join(folder, 'back\\slash'), '')
  await writeFile(join(folder, 'line\nend'), '')
  await writeFile(Buffer.concat([Buffer.from(`${folder}/no-utf8-`), Buffer.from([0xff])]), '')
  await symlink('/etc/hostname', join(folder, 'out'))
  await symlink('..', join(folder, 'sub', 'up'))
  await symlink('.', join(folder, 'self'))
  await symlink('nowhere', join(folder, 'broken'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
  return folder
}

const ODD = ['slash', 'end', 'no-utf8', '"out"', 'sub/up', 'self', 'broken', 'pipe']

test('folder: refuses entries that cannot be in a bundle, names all of them, and says what leaves them out', async () => {
  const refusal = await listFolder(await createOddFolder(), RULES).catch((error: MayflyError) => error)
  expect(refusal).toMatchObject({ code: 'ERR_BAD_PATH' })
  const { message } = refusal as MayflyError
  for (const name of [...ODD, '--skip-odd']) expect(message).toContain(name)
  expect(message).not.toContain('fine')
})

test('folder: leaves them out when it is told to, and names each with its reason', async () => {
  const listing = await listFolder(await createOddFolder(), { ...RULES, skipOdd: true })
  expect(pathsOf(listing)).toEqual(['fine'])
  expect(listing.leftOut).toHaveLength(ODD.length)
  for (const name of ODD) expect(listing.leftOut.join('\n')).toContain(name)
  expect(listing.emptyFolders).toEqual([])
})

test('folder: a link to a folder in it is followed, as a link to a file is; one to a folder outside is not', async () => {
  const parent = await createTemporaryDirectory()
  const folder = join(parent, 'site')
  await mkdir(join(folder, 'pages/deep'), { recursive: true })
  await mkdir(join(parent, 'site-of-another'))
  await writeFile(join(parent, 'site-of-another/secret'), 'secret')
  await writeFile(join(folder, 'pages/deep/a'), 'a')
  await symlink('pages', join(folder, 'latest'))
  await symlink('../site-of-another', join(folder, 'neighbour'))
  const listing = await listFolder(folder, { ...RULES, skipOdd: true })
  expect(pathsOf(listing)).toEqual(['latest/deep/a', 'pages/deep/a'])
  expect(listing.leftOut).toEqual([expect.stringContaining('neighbour')])
})

test('folder: links that multiply folders without end are refused by a limit', async () => {
  const folder = await createTemporaryDirectory()
  for (let i = 0; i < 30; i++) await mkdir(join(folder, `${i}`))
  for (let i = 0; i < 29; i++) for (const name of ['a', 'b']) await symlink(`../${i + 1}`, join(folder, `${i}`, name))
  await expect(listFolder(folder, RULES)).rejects.toMatchObject({ code: 'ERR_LIMIT', message: expect.stringContaining(' 100 ') })
})

test('folder: what this user may not read is left out by name, too', async () => {
  const folder = await createTemporaryDirectory()
  await chmod(folder, 0o755)
  await mkdir(join(folder, 'closed'))
  await writeFile(join(folder, 'private'), 'private')
  await writeFile(join(folder, 'public'), 'public', { mode: 0o644 })
  for (const name of ['closed', 'private']) await chmod(join(folder, name), 0)
  const listing = await asNobody(() => listFolder(folder, { ...RULES, skipOdd: true }))
  expect(pathsOf(listing)).toEqual(['public'])
  expect(listing.leftOut).toEqual(['"closed": permission denied', '"private": permission denied'])
})

/** Nothing is closed to root. */
async function asNobody<T>(run: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return run()
  process.seteuid?.(65_534)
  try {
    return await run()
  } finally {
    process.seteuid?.(0)
  }
}

test('folder: more files than can be held are refused, with the limit', async () => {
  const folder = await createTemporaryDirectory()
  for (const name of ['a', 'b', 'c']) await writeFile(join(folder, name), name)
  expect(pathsOf(await listFolder(folder, { ...RULES, maxFiles: 3 }))).toHaveLength(3)
  await expect(listFolder(folder, { ...RULES, maxFiles: 2 })).rejects.toMatchObject({
    code: 'ERR_LIMIT',
    message: expect.stringContaining(' 2 '),
  })
})

test('folder: a missing folder is an error in words', async () => {
  await expect(listFolder(join(await createTemporaryDirectory(), 'none'), RULES)).rejects.toMatchObject({ code: 'ENOENT' })
})

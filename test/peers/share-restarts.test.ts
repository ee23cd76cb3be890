/** Transfers of files that are interrupted: by a sender that sleeps, or is killed and started again, and by a disk that is full. */

import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type MayflyProcess, runMayfly, spawnMayfly } from '../helpers/mayfly-process.ts'
import { useNodePair } from '../helpers/node-pair.ts'
import { createSmallDisk } from '../helpers/small-disk.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const MIB = 1_048_576

const nodes = useNodePair()

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function share(...args: string[]): Promise<{ mayfly: MayflyProcess; url: string }> {
  const mayfly = spawnMayfly(['share', ...args, '--no-code', '--json', '--join', nodes.near.url])
  return { mayfly, url: (JSON.parse(await mayfly.stdout.waitFor(() => true)) as { url: string }).url }
}

/** A receiver in the middle of a slow file. */
async function begin(url: string, folderOf?: string) {
  const root = await createTemporaryDirectory()
  const folder = join(folderOf ?? root, 'saved')
  const args = ['--data', join(root, 'data'), '-o', folder, '--yes', '--json', '--wait', '2m', '--join', nodes.far.url]
  const mayfly = spawnMayfly(['receive', url, ...args])
  const part = async () => (await readdir(folder).catch(() => [])).find((name) => name.endsWith('.part'))
  const state = (wanted: string) =>
    mayfly.stdout.waitFor((line) => {
      const { type, state: found } = JSON.parse(line)
      return type === 'state' && found === wanted
    })
  await waitFor(async () => (await part()) !== undefined, 30_000, 'it has begun')
  return { mayfly, folder, state, again: () => runMayfly(['receive', url, ...args]) }
}

test('a sender that sleeps until it counts as gone goes on when it wakes', async () => {
  const path = join(await createTemporaryDirectory(), 'film')
  await writeFile(path, randomBytes(12 * MIB))
  const sender = await share(path, '--peer-rate', '2MB')
  const receiver = await begin(sender.url)
  await sender.mayfly.kill('SIGSTOP')
  await receiver.state('away') // nothing was answered for 9 s: the way was cut
  await sender.mayfly.kill('SIGCONT')
  expect(await receiver.mayfly.exited, receiver.mayfly.stderr.lines.join('\n')).toEqual({ code: 0, signal: null })
  expect(sha256(await readFile(join(receiver.folder, 'film')))).toBe(sha256(await readFile(path)))
})

test('a sender that is killed goes on with --keep under the same link, and by the same rules; once it is over, the link is another', async () => {
  const root = await createTemporaryDirectory()
  const path = join(root, 'film')
  await writeFile(path, randomBytes(12 * MIB))
  const command = [path, '--once', '--keep', join(root, 'kept')]
  const first = await share(...command, '--peer-rate', '2MB')
  const receiver = await begin(first.url)
  const twice = spawnMayfly(['share', ...command, '--join', nodes.near.url])
  expect(await twice.exited).toMatchObject({ code: 2 })
  expect(twice.stderr.lines.join('\n')).toContain('by another process')
  await first.mayfly.kill('SIGKILL')
  await receiver.state('away')
  const second = await share(...command)
  expect(second.url).toBe(first.url)
  expect(await receiver.mayfly.exited, receiver.mayfly.stderr.lines.join('\n')).toEqual({ code: 0, signal: null })
  expect(sha256(await readFile(join(receiver.folder, 'film')))).toBe(sha256(await readFile(path)))
  expect(await second.mayfly.exited).toEqual({ code: 0, signal: null })
  const third = await share(...command)
  expect(third.url).not.toBe(first.url)
  expect(await third.mayfly.kill('SIGINT')).toEqual({ code: 0, signal: null })
  expect((await share(...command)).url).toBe(third.url)
})

test('a disk that is full is said on both sides; with room, the same command goes on', async (context) => {
  const disk = await createSmallDisk(8 * MIB)
  if (disk === undefined) return context.skip('this process may mount no file system of its own')
  const path = join(await createTemporaryDirectory(), 'film')
  await writeFile(path, randomBytes(6 * MIB))
  const sender = await share(path, '--peer-rate', '2MB')
  const receiver = await begin(sender.url, disk)
  const filler = join(disk, 'filler')
  await writeFile(filler, new Uint8Array(8 * MIB)).catch(() => {}) // as much as there is room for
  expect(await receiver.mayfly.exited).toMatchObject({ code: 1 })
  expect(receiver.mayfly.stderr.lines.join('\n')).toContain('the disk is full')
  await sender.mayfly.stdout.waitFor((line) => JSON.parse(line).problem === 'Its disk is full')
  await rm(filler)
  const again = await receiver.again()
  expect([again.code, again.stderr]).toEqual([0, ''])
  expect(sha256(await readFile(join(receiver.folder, 'film')))).toBe(sha256(await readFile(path)))
})

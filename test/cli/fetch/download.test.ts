import { createHash, randomBytes } from 'node:crypto'
import { chmod, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { download } from '../../../node/cli/fetch/download.ts'
import { partFilePathOf } from '../../../node/cli/fetch/part-file.ts'
import { checkedWhole } from '../../../node/cli/fetch/whole-content.ts'
import type { OpenedContent } from '../../../node/content/types.ts'
import { spawnLockHolder } from '../../helpers/lock-holder.ts'
import { readAll } from '../../helpers/read-all.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const PIECE = 1_000
const OUTLINE = new Uint8Array(32)
const { signal } = new AbortController()

/** Content as a peer would open it, and which parts of it were read. */
function createContent(bytes: Buffer, { gives = bytes, failAt = Number.POSITIVE_INFINITY, isTrusted = true } = {}) {
  const parts: [number, number][] = []
  const content: OpenedContent = {
    key: new Uint8Array(createHash('sha256').update(bytes).digest()),
    size: bytes.byteLength,
    outline: OUTLINE,
    isTrusted,
    from: 'test',
    async *read(part = { offset: 0, length: bytes.byteLength }) {
      parts.push([part.offset, part.length])
      for (let at = part.offset; at < part.offset + part.length; at += PIECE) {
        if (at >= failAt) throw new Error('cut')
        yield gives.subarray(at, Math.min(at + PIECE, part.offset + part.length))
      }
    },
  }
  const options = {
    reopen: async () => ({ ...content, isTrusted: true }),
    onProgress: () => ({ advance: () => {}, end: () => {} }),
    signal,
  }
  return { content, options, parts }
}

test.each([0, 1, PIECE, PIECE + 1, 5 * PIECE])('download: %i bytes make the file, with nothing left beside it', async (size) => {
  const directory = await createTemporaryDirectory()
  const bytes = randomBytes(size)
  const { content, options } = createContent(bytes)
  await download(content, join(directory, 'a'), options)
  expect(await readFile(join(directory, 'a'))).toEqual(bytes)
  expect(await readdir(directory)).toEqual(['a'])
})

test.each([true, false])('download: resumes where it was cut, with a trusted outline (%s) or without', async (isTrusted) => {
  const directory = await createTemporaryDirectory()
  const path = join(directory, 'a')
  await writeFile(path, 'older')
  const bytes = randomBytes(5_500)
  const cut = createContent(bytes, { failAt: 3_000, isTrusted })
  await expect(download(cut.content, path, cut.options)).rejects.toThrow('cut')
  expect(await readFile(path, 'utf8')).toBe('older')
  expect((await stat(partFilePathOf(path, cut.content.key))).size).toBe(3_000)

  const again = createContent(bytes, { isTrusted })
  await download(again.content, path, again.options)
  expect(again.parts).toEqual([[3_000, 2_500]])
  expect(await readFile(path)).toEqual(bytes)
  expect(await readdir(directory)).toEqual(['a'])
})

test('download: a part file that is complete, damaged or too long ends right', async () => {
  const directory = await createTemporaryDirectory()
  const path = join(directory, 'a')
  const bytes = randomBytes(3_500)
  for (const [left, parts] of [
    [bytes, [[3_500, 0]]],
    [
      Buffer.alloc(2_000),
      [
        [2_000, 1_500],
        [0, 3_500],
      ],
    ],
    [Buffer.alloc(9_000), [[0, 3_500]]],
  ] as const) {
    const { content, options, parts: read } = createContent(bytes)
    await writeFile(partFilePathOf(path, content.key), left)
    await download(content, path, options)
    expect(await readFile(path)).toEqual(bytes)
    expect(read).toEqual(parts)
    expect(await readdir(directory)).toEqual(['a'])
  }
})

test('download: wrong bytes never become the file, and are not kept', async () => {
  const directory = await createTemporaryDirectory()
  const { content, options } = createContent(randomBytes(3_500), { gives: randomBytes(3_500) })
  await expect(download(content, join(directory, 'a'), options)).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  expect(await readdir(directory)).toEqual([])
})

test('download: after a false outline, the next holder is asked, and its bytes become the file', async () => {
  const directory = await createTemporaryDirectory()
  const bytes = randomBytes(3_500)
  const honest = createContent(bytes, { isTrusted: false })
  const liar = createContent(bytes, { gives: randomBytes(3_500), isTrusted: false })
  const opened: OpenedContent = { ...liar.content, outline: new Uint8Array(32).fill(1) }
  await download(opened, join(directory, 'a'), { ...liar.options, reopen: async () => honest.content })
  expect(await readFile(join(directory, 'a'))).toEqual(bytes)
  expect([liar.parts, honest.parts]).toEqual([[[0, 3_500]], [[0, 3_500]]])
  expect(await readdir(directory)).toEqual(['a'])
})

test('download: a link stays one, and a mode stays', async () => {
  const directory = await createTemporaryDirectory()
  await writeFile(join(directory, 'a'), 'old')
  await chmod(join(directory, 'a'), 0o600)
  await symlink('a', join(directory, 'link'))
  const { content, options } = createContent(Buffer.from('new'))
  await download(content, join(directory, 'link'), options)
  expect(await readlink(join(directory, 'link'))).toBe('a')
  expect(await readFile(join(directory, 'a'), 'utf8')).toBe('new')
  expect((await stat(join(directory, 'a'))).mode & 0o777).toBe(0o600)
})

test('download: a link in place of the part file is not followed', async () => {
  const directory = await createTemporaryDirectory()
  const path = join(directory, 'a')
  const { content, options } = createContent(Buffer.from('new'))
  await writeFile(join(directory, 'victim'), 'mine')
  await symlink('victim', partFilePathOf(path, content.key))
  await expect(download(content, path, options)).rejects.toMatchObject({ code: 'ELOOP' })
  expect(await readFile(join(directory, 'victim'), 'utf8')).toBe('mine')
})

test('download: a target that is no regular file is written to and not replaced', async () => {
  const { content, options } = createContent(Buffer.from('gone'))
  await download(content, '/dev/null', options)
  expect((await stat('/dev/null')).isCharacterDevice()).toBe(true)
})

test('download: says in words why a file cannot be written', async () => {
  const { content, options } = createContent(Buffer.from('new'))
  const path = join(await createTemporaryDirectory(), 'none', 'a')
  await expect(download(content, path, options)).rejects.toMatchObject({ code: 'ENOENT', message: expect.stringContaining(path) })
})

test('download: the longest possible name has a part file, too', async () => {
  const directory = await createTemporaryDirectory()
  const path = join(directory, '🙂'.repeat(63))
  const { content, options } = createContent(Buffer.from('new'))
  await download(content, path, options)
  expect(await readFile(path, 'utf8')).toBe('new')
})

test('checked whole: the last chunk comes only when the whole is right', async () => {
  const bytes = randomBytes(3_500)
  const right = createContent(bytes).content
  expect(await readAll(checkedWhole(right.key, right.read()))).toEqual(bytes)
  const wrong = createContent(bytes, { gives: randomBytes(3_500) }).content
  const seen: Uint8Array[] = []
  const reading = (async () => {
    for await (const chunk of checkedWhole(wrong.key, wrong.read())) seen.push(chunk)
  })()
  await expect(reading).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  expect(seen).toHaveLength(3)
})

test('download: a second one to the same file is refused and changes nothing, and the finished file stays as it is', async () => {
  const directory = await createTemporaryDirectory()
  const path = join(directory, 'a')
  const bytes = randomBytes(3 * PIECE)
  const first = createContent(bytes)
  const { promise: goOn, resolve } = Promise.withResolvers<void>()
  const reading = first.content.read
  first.content.read = async function* (...args) {
    for await (const piece of reading(...args)) {
      yield piece
      await goOn
    }
  }
  const done = download(first.content, path, first.options)
  await expect.poll(() => stat(partFilePathOf(path, first.content.key)).then(({ size }) => size)).toBe(PIECE)
  const second = createContent(bytes)
  await expect(download(second.content, path, second.options)).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  expect(second.parts).toEqual([])
  resolve()
  await done
  expect(await readFile(path)).toEqual(bytes)
  const { ino } = await stat(path)
  await download(second.content, path, second.options)
  expect(await readFile(path)).toEqual(bytes)
  expect((await stat(path)).ino).not.toBe(ino)
  expect(await readdir(directory)).toEqual(['a'])
})

test('download: resumes the part file of a process that was killed, and not while it lives', async () => {
  const directory = await createTemporaryDirectory()
  const path = join(directory, 'a')
  const bytes = randomBytes(3 * PIECE)
  const { content, options, parts } = createContent(bytes)
  const partPath = partFilePathOf(path, content.key)
  await writeFile(partPath, bytes.subarray(0, PIECE))
  const other = await spawnLockHolder(`${partPath}.lock`)
  await expect(download(content, path, options)).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  await other.kill()
  await download(content, path, options)
  expect(parts).toEqual([[PIECE, 2 * PIECE]])
  expect(await readFile(path)).toEqual(bytes)
  expect(await readdir(directory)).toEqual(['a'])
})

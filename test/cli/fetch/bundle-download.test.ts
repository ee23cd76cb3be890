/** The files of a bundle come into a folder, some at once. The network that they come from is in the test's hand. */

import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { downloadBundle } from '../../../node/cli/fetch/bundle-download.ts'
import type { NetworkClient } from '../../../node/cli/fetch/network-client.ts'
import type { Output } from '../../../node/cli/print/output.ts'
import type { OpenedContent } from '../../../node/content/types.ts'
import { type BundleEntry, encodeKeyHex, MayflyError } from '../../../node/index.ts'
import type { Key } from '../../../node/types.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const { signal } = new AbortController()

function entryOf(path: string, bytes: Buffer): BundleEntry {
  return { path, size: bytes.byteLength, type: '', key: new Uint8Array(createHash('sha256').update(bytes).digest()) }
}

/** Gives each content when the test says so; knows what is being read. */
function createClient(contents: Buffer[]) {
  const byKey = new Map(contents.map((bytes) => [createHash('sha256').update(bytes).digest('hex'), bytes]))
  const reading: string[] = []
  const mayGo = Promise.withResolvers<void>()
  const client = {
    async open(key: Key): Promise<OpenedContent> {
      const id = encodeKeyHex(key)
      const bytes = byKey.get(id)
      if (bytes === undefined) throw new MayflyError('ERR_NO_HOLDER', 'nobody')
      return {
        key,
        size: bytes.byteLength,
        isTrusted: true,
        from: 'test',
        async *read() {
          reading.push(id)
          await mayGo.promise
          yield bytes
          reading.splice(reading.indexOf(id), 1)
        },
      }
    },
  } as unknown as NetworkClient
  return { client, reading, go: () => mayGo.resolve() }
}

function createProgressBar() {
  const results: unknown[] = []
  let advanced = 0
  const output = {
    progressBar: (_: string, total: number) => ({
      advance: (bytes: number) => (advanced += bytes),
      end: () => results.push(advanced, total),
    }),
    result: (_: string, value: unknown) => results.push(value),
  } as unknown as Output
  return { output, results }
}

const key = new Uint8Array(32)
const bundle = { key } as OpenedContent

test('bundle download: fetches four files at once, with one progress for all', async () => {
  const directory = join(await createTemporaryDirectory(), 'out')
  const contents = Array.from({ length: 9 }, () => randomBytes(1_000))
  const entries = contents.map((bytes, i) => entryOf(`same folder/new/${i}`, bytes))
  const { client, reading, go } = createClient(contents)
  const { output, results } = createProgressBar()
  const got = downloadBundle(bundle, entries, directory, { client, output, linkKey: undefined, signal })
  await waitFor(() => reading.length === 4, 5_000, 'four at once')
  go()
  await got
  for (const [i, bytes] of contents.entries()) expect(await readFile(join(directory, 'same folder/new', `${i}`))).toEqual(bytes)
  expect(results).toEqual([9_000, 9_000, { hash: encodeKeyHex(key), size: 9_000, files: 9, directory }])
})

test('bundle download: fetches the same content under several names one after the other', async () => {
  const directory = join(await createTemporaryDirectory(), 'out')
  const [same, other] = [randomBytes(100), randomBytes(100)]
  const names = ['a', 'b', 'c'].map((name) => name.repeat(250)) // so long that they would have one partial file
  const entries = [...names.map((name) => entryOf(name, same)), entryOf('d', other)]
  const { client, reading, go } = createClient([same, other])
  const got = downloadBundle(bundle, entries, directory, { client, output: createProgressBar().output, linkKey: undefined, signal })
  await waitFor(() => reading.length === 2, 5_000, 'both contents')
  expect(new Set(reading).size).toBe(2)
  go()
  await got
  for (const name of names) expect(await readFile(join(directory, name))).toEqual(same)
  expect(await readdir(directory)).toHaveLength(4)
})

test('bundle download: a file that nobody holds aborts the others, and is named', async () => {
  const directory = join(await createTemporaryDirectory(), 'out')
  const content = randomBytes(100)
  const entries = [entryOf('held', content), entryOf('gone', randomBytes(100))]
  const { client, go } = createClient([content])
  const { output, results } = createProgressBar()
  const got = downloadBundle(bundle, entries, directory, { client, output, linkKey: undefined, signal })
  got.catch(() => {})
  go()
  await expect(got).rejects.toMatchObject({ code: 'ERR_NO_HOLDER', message: expect.stringContaining('"gone"') })
  expect(results).toHaveLength(2)
})

test('bundle download: waits for a gateway that limits its searches, and names the bundle in each', async () => {
  const directory = join(await createTemporaryDirectory(), 'out')
  const contents = [randomBytes(10), randomBytes(10)]
  const { client, go } = createClient(contents)
  go()
  const asked: unknown[] = []
  const limited: NetworkClient = {
    ...client,
    async open(fileKey, options) {
      asked.push(options?.bundle)
      if (asked.length <= 2) throw new MayflyError('ERR_LIMIT', 'too often')
      return client.open(fileKey, options)
    },
  }
  const { output } = createProgressBar()
  const entries = contents.map((bytes, i) => entryOf(String(i), bytes))
  await downloadBundle(bundle, entries, directory, { client: limited, output, linkKey: undefined, signal })
  expect((await readdir(directory)).toSorted()).toEqual(['0', '1'])
  expect(asked).toEqual([key, key, key, key])
})

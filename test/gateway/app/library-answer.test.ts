import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createAppAssets } from '../../../gateway/app/app-assets.ts'
import { createLibraryAnswers } from '../../../gateway/app/library-answer.ts'
import { UNKNOWN_CLIENT } from '../../../node/index.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const MODULE = 'export const one = 1'
const LATER = 'export const two = 2'
const sri = (text: string) => `sha384-${createHash('sha384').update(text).digest('base64')}`

async function createAnswers({ isBuilt = true, publicUrl }: { isBuilt?: boolean; publicUrl?: string } = {}) {
  const directory = await createTemporaryDirectory()
  if (isBuilt) {
    await mkdir(join(directory, 'lib'))
    await writeFile(join(directory, 'lib', 'mayfly.js'), MODULE)
    await writeFile(join(directory, 'lib', 'later-1a.js'), LATER)
  }
  return createLibraryAnswers(createAppAssets(directory), publicUrl)
}

function asked(path: string) {
  const request = new Request(`http://localhost:4000${path}`)
  return { request, client: { address: UNKNOWN_CLIENT }, path, query: new URLSearchParams() }
}

test('library: the integrity that is told is that of the file, at the URL that was asked or the public one', async () => {
  const integrity = sri(MODULE)
  expect((await createAnswers()).facts(asked('/api/v1/status'))).toEqual({ url: 'http://localhost:4000/lib/mayfly.js', integrity })
  const { facts } = await createAnswers({ publicUrl: 'https://pages.example' })
  expect(facts(asked('/api/v1/status'))).toEqual({ url: 'https://pages.example/lib/mayfly.js', integrity })
})

test('library: the import map names each file, also those that are loaded later', async () => {
  const { importMap } = await createAnswers({ publicUrl: 'https://pages.example' })
  const answer = importMap(asked('/lib/importmap.json'))
  expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  expect(await answer.json()).toEqual({
    imports: { mayfly: 'https://pages.example/lib/mayfly.js' },
    integrity: { 'https://pages.example/lib/mayfly.js': sri(MODULE), 'https://pages.example/lib/later-1a.js': sri(LATER) },
  })
})

test('library: where it is not built, nothing is told of it, and its address says what to do', async () => {
  const { facts, file } = await createAnswers({ isBuilt: false })
  expect(facts(asked('/api/v1/status'))).toBeUndefined()
  await expect(file(asked('/lib/mayfly.js'))).rejects.toMatchObject({
    problem: { status: 404, message: expect.stringContaining('npm run build') },
  })
})

test('library: a file of another version is said to be one', async () => {
  const { file } = await createAnswers()
  expect(await (await file(asked('/lib/later-1a.js'))).text()).toBe(LATER)
  await expect(file(asked('/lib/later-0b.js'))).rejects.toMatchObject({
    problem: { status: 404, advice: expect.stringContaining('loaded again') },
  })
})

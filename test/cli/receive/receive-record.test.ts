import { appendFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openReceiveRecord, pathOfClaimedCode } from '../../../node/cli/receive/receive-record.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const PATH = `/s/${'a'.repeat(52)}#secret`

test('record: the same receiver in each run, for its owner alone; another share has another', async () => {
  const data = await createTemporaryDirectory()
  const first = await openReceiveRecord(data, PATH)
  expect(first.receiver).toHaveLength(16)
  expect(first.hasBegun).toBe(false)
  await first.addTaken()
  const second = await openReceiveRecord(data, PATH)
  expect([second.receiver, second.hasBegun]).toEqual([first.receiver, true])
  const other = await openReceiveRecord(data, `/s/${'b'.repeat(52)}#secret`)
  expect(other.receiver).not.toEqual(first.receiver)
  for (const name of await readdir(join(data, 'receiving'))) expect((await stat(join(data, 'receiving', name))).mode & 0o077).toBe(0)
})

test('record: a saved file is known while it is there, and as it was', async () => {
  const data = await createTemporaryDirectory()
  const file = join(data, 'saved')
  await writeFile(file, 'bytes')
  await (await openReceiveRecord(data, PATH)).addSaved('00', file)
  await appendFile(join(data, 'receiving', `${'a'.repeat(52)}.jsonl`), '{"saved":"01","fi') // a crash cuts a line
  const record = await openReceiveRecord(data, PATH)
  expect([await record.savedAs('00'), await record.savedAs('01')]).toEqual([file, undefined])
  await writeFile(file, 'other')
  await appendFile(file, '!')
  expect(await record.savedAs('00')).toBeUndefined()
  await rm(file)
  expect(await record.savedAs('00')).toBeUndefined()
})

test('record: a code leads to its share again, however it is written', async () => {
  const data = await createTemporaryDirectory()
  expect(await pathOfClaimedCode(data, 'mango-guitar-7342')).toBeUndefined()
  await (await openReceiveRecord(data, PATH)).addCode('mango-guitar-7342')
  expect(await pathOfClaimedCode(data, 'Guitar mango 7342')).toBe(PATH)
  expect(await pathOfClaimedCode(data, 'mango-guitar-7343')).toBeUndefined()
})

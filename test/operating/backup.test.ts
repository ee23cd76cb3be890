/** The backup of OPERATING.md: taken while messages arrive, and restored. */

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runMayfly } from '../helpers/mayfly-process.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { operatingBlock } from '../helpers/operating-page.ts'
import { runProgram } from '../helpers/program.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const RECEIVE = ['--receive', 'inbox', '--tap', '#wall']

test('a backup that is taken while messages arrive has all that were stored before it, and makes the same node again', async () => {
  const directory = await createTemporaryDirectory()
  const [data, copy, script] = [join(directory, 'data'), join(directory, 'copy'), join(directory, 'backup.sh')]
  await writeFile(script, operatingBlock('backup.sh'))
  const node = await startNodeProcess({ data, args: RECEIVE })
  const stored: string[] = []
  const post = async () => {
    const response = await fetch(`${node.url}/to/wall?wait=30s`, { method: 'POST', body: `message ${stored.length}` })
    if (response.status === 200) stored.push(((await response.json()) as { id: string }).id)
  }
  while (stored.length < 20) await post()
  const before = [...stored]
  let isDone = false
  const posting = (async () => {
    while (!isDone) await post()
  })()
  const backup = await runProgram('sh', [script, data, copy])
  isDone = true
  await posting
  expect([backup.code, backup.stderr]).toEqual([0, ''])
  expect(stored.length).toBeGreaterThan(before.length)
  await node.stop()

  // Nothing but whole files: no log of changes, no lock.
  expect((await readdir(join(copy, 'receivers', 'inbox'))).sort()).toEqual(['inbox.db', 'secret'])
  expect(await readFile(join(copy, 'private-key'))).toEqual(await readFile(join(data, 'private-key')))
  const exported = await runMayfly(['receive', 'inbox', '--export', '--data', copy])
  const ids = exported.stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id)
  expect(before.filter((id) => !ids.includes(id))).toEqual([])
  expect(ids.filter((id) => !stored.includes(id))).toEqual([])

  const again = await startNodeProcess({ data: copy, args: RECEIVE })
  expect(again.id).toBe(node.id)
  const restored = (await (await fetch(`${again.url}/to/wall/json?poll=1`)).text()).trim().split('\n')
  expect(restored.length).toBeGreaterThanOrEqual(before.length)
})

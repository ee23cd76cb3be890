/** `mayfly contacts`, `share --with` and `receive --offers`, as processes: a contact who is away, and both ends killed. */

import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type MayflyProcess, runMayfly, spawnMayfly } from '../helpers/mayfly-process.ts'
import { useNodePair } from '../helpers/node-pair.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const nodes = useNodePair()
const MIB = 1_048_576

const near = (data: string, ...args: string[]) => [...args, '--data', data, '--join', nodes.near.url]
const far = (data: string, ...args: string[]) => [...args, '--data', data, '--join', nodes.far.url]

async function event(mayfly: MayflyProcess, fits: (event: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
  return JSON.parse(await mayfly.stdout.waitFor((line) => fits(JSON.parse(line))))
}

async function becomeContacts(ann: string, ben: string): Promise<void> {
  const asking = spawnMayfly(near(ann, 'contacts', 'Ben', '--json'))
  const { code } = (await event(asking, ({ type }) => type === 'code')) as { code: string }
  const claimed = await runMayfly(far(ben, 'contacts', 'Ann', code))
  expect(claimed).toMatchObject({ code: 0, stderr: '' })
  expect(String(claimed.stdout)).toMatch(/^Ann is a contact now/)
  expect(await asking.exited).toMatchObject({ code: 0 })
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}

test('offers: a contact is away; the sender and the receiver are killed and start again; a refusal; what they are told', async () => {
  const root = await createTemporaryDirectory()
  const [ann, ben, folder, file] = ['ann', 'ben', 'from-ann', 'bread.bin'].map((name) => join(root, name)) as [
    string,
    string,
    string,
    string,
  ]
  const bytes = randomBytes(6 * MIB)
  await writeFile(file, bytes)
  const none = await runMayfly(near(ann, 'share', file, '--with', 'Ben'))
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('mayfly contacts ALIAS')])
  await becomeContacts(ann, ben)
  expect(await runMayfly(near(ann, 'share', file, '--with', 'Eve'))).toMatchObject({ code: 1, stderr: expect.stringContaining('"Eve"') })

  const offering = near(ann, 'share', file, '--with', 'Ben', '--text', 'the last one', '--json')
  const first = spawnMayfly(offering)
  const offer = await event(first, ({ type }) => type === 'offer')
  expect(await event(first, ({ type }) => type === 'state')).toMatchObject({ state: 'waiting', isAway: true })
  await event(first, ({ type }) => type === 'ready')
  await first.kill('SIGKILL')

  const receiving = far(ben, 'receive', '--offers', folder, '--json')
  const unasked = spawnMayfly(receiving)
  await event(unasked, ({ type }) => type === 'receiving')
  const second = spawnMayfly(offering)
  expect((await event(second, ({ type }) => type === 'offer')).offer).toBe(offer.offer)
  await event(second, ({ type, state }) => type === 'state' && state === 'asked')
  expect(await unasked.stderr.waitFor(() => true)).toContain('nobody can be asked here')
  await unasked.kill('SIGKILL')
  const rule = await runMayfly(far(ben, 'contacts', 'Ann', '--take', '10MB', '--json'))
  expect(JSON.parse(String(rule.stdout))).toMatchObject({ alias: 'Ann', take: 10_000_000 })

  const taking = spawnMayfly(receiving)
  await event(taking, ({ type, state }) => type === 'offer' && state === 'taken')
  await taking.kill('SIGKILL')
  const again = spawnMayfly(receiving)
  await event(again, ({ type, state }) => type === 'state' && state === 'done')
  expect(await second.exited).toMatchObject({ code: 0 })
  const saved = await filesIn(folder)
  expect(saved).toHaveLength(2)
  for (const path of saved) {
    expect(path).toMatch(/from-ann.\d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d Ann./)
    const expected = path.endsWith('words.txt') ? Buffer.from('the last one\n') : bytes
    expect(Buffer.compare(await readFile(path), expected), path).toBe(0)
  }

  await again.kill('SIGINT')
  const small = spawnMayfly(far(ben, 'receive', '--offers', folder, '--yes', '--max-size', '1kB', '--json'))
  await event(small, ({ type }) => type === 'receiving')
  await runMayfly(far(ben, 'contacts', 'Ann')) // the account is in use: it says so, and changes nothing
  await writeFile(file, randomBytes(11 * MIB))
  const refused = await runMayfly(near(ann, 'share', file, '--with', 'Ben'))
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('Ben said no')])
  const listed = await runMayfly(near(ann, 'contacts', '--json'))
  expect(JSON.parse(String(listed.stdout))).toMatchObject({ alias: 'Ben', state: 'trusted', take: 'ask', offers: [] })
})

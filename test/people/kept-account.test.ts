import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createPeer } from '../../node/index.ts'
import { openAccountStore } from '../../node/server/store/account-file.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

it('a peer that was made again with the store of its account is the same person, and it gives the store back when it stops', async () => {
  const directory = await createTemporaryDirectory()
  const open = async () => createPeer({ people: { store: await openAccountStore(directory) } })
  const first = await open()
  const { id } = first.people.account
  expect(first.people.account.isKept).toBe(true)
  await expect(openAccountStore(directory)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  await first.stop()
  const again = await open()
  expect(again.people.account.id).toBe(id)
  expect(again.id).not.toBe(first.id)
  await again.stop()
})

it('the manual names the export that has the store', () => {
  const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, { default: string }> }
  expect(exports['./account-file']?.default).toBe('./dist/node/server/store/account-file.js')
  expect(read('node/people/README.md')).toContain('`openAccountStore` of `mayfly/account-file`')
})

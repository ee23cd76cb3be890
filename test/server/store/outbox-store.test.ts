import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { OutboxStore, PostOutcome } from '../../../node/index.ts'
import { createMessageSecret, signReceipt } from '../../../node/messages/index.ts'
import { openOutboxStore } from '../../../node/server/store/outbox-store.ts'
import { entryOf, OUTBOX_STORE_CASES } from '../../helpers/outbox-store-suite.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

describe('SQLite outbox store', () => {
  for (const { name, run } of OUTBOX_STORE_CASES) {
    test(name, async () => {
      const directory = await createTemporaryDirectory()
      const open: OutboxStore[] = []
      onTestFinished(async () => {
        for (const store of open) await store.close()
      })
      let created = 0
      const openAgain = async () => {
        const store = openOutboxStore(join(directory, `outbox-${created}.db`))
        open.push(store)
        return store
      }
      await run({
        create() {
          created++
          return openAgain()
        },
        reopen: openAgain,
        share: openAgain,
      })
    })
  }

  test('a receipt of many messages is with each of them as it travelled, its ids once, and is read with all of them', async () => {
    const directory = await createTemporaryDirectory()
    const path = join(directory, 'outbox.db')
    const store = openOutboxStore(path)
    onTestFinished(() => store.close())
    const ids = Array.from({ length: 64 }, (_, byte) => entryOf(byte).id)
    const receipt = signReceipt(createMessageSecret(), ids, 5)
    const outcome: PostOutcome = { state: 'stored', receipts: [receipt] }
    for (let byte = 0; byte < 64; byte++) {
      await store.put(entryOf(byte))
      await store.change(entryOf(byte).id, (entry) => ({ ...entry, outcome, isDone: true }))
    }
    for (const id of ids) expect((await store.get(id))?.outcome).toEqual(outcome)
    const reader = new DatabaseSync(path, { readOnly: true })
    const { most } = reader.prepare('SELECT max(length(outcome)) AS most FROM entries').get() ?? {}
    reader.close()
    expect(Number(most) - receipt.bytes.byteLength).toBeLessThan(100)
  })

  test('of many that are put at once, none that was refused is there, also where a sync in another thread would fail', async () => {
    vi.spyOn(fs, 'fdatasync').mockImplementation((_, done) => done(new Error('EIO')))
    syncBuiltinESMExports()
    onTestFinished(() => {
      vi.restoreAllMocks()
      syncBuiltinESMExports()
    })
    const store = openOutboxStore(join(await createTemporaryDirectory(), 'outbox.db'))
    onTestFinished(() => store.close())
    const entries = Array.from({ length: 16 }, (_, byte) => entryOf(byte))
    const put = await Promise.allSettled(entries.map((entry) => store.put(entry)))
    const there = await Promise.all(entries.map(async ({ id }) => (await store.get(id)) !== undefined))
    expect(there).toEqual(put.map(({ status }) => status === 'fulfilled'))
  })
})

import { join } from 'node:path'
import { describe, onTestFinished, test } from 'vitest'
import type { OutboxStore } from '../../../node/index.ts'
import { openOutboxStore } from '../../../node/server/store/outbox-store.ts'
import { OUTBOX_STORE_CASES } from '../../helpers/outbox-store-suite.ts'
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
})

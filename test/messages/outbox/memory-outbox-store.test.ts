import { describe, test } from 'vitest'
import { createMemoryOutboxStore } from '../../../node/messages/outbox/memory-outbox-store.ts'
import { OUTBOX_STORE_CASES } from '../../helpers/outbox-store-suite.ts'

describe('memory outbox store', () => {
  for (const { name, needs, run } of OUTBOX_STORE_CASES) {
    if (needs === undefined) test(name, () => run({ create: async () => createMemoryOutboxStore() }))
  }
})

import { describe, test } from 'vitest'
import { createMemoryAccountStore } from '../../../node/people/account/store.ts'
import { ACCOUNT_STORE_CASES } from '../../helpers/account-store-suite.ts'

describe('account store in memory', () => {
  for (const { name, needs, run } of ACCOUNT_STORE_CASES) {
    if (needs === undefined) test(name, () => run({ create: async () => createMemoryAccountStore() }))
  }
})

/** People of a page: their account is kept in this browser, and a pass phrase is stretched in a worker. Loaded for a peer that has people. */

import type { PeopleOptions } from '../../node/index.ts'
import { readPeopleOptions } from '../../node/library/people-options.ts'
import { openAccountRecords } from './account-records.ts'
import { createWorkerStretch } from './worker-stretch.ts'

/**
 * @param given of `createPeer`, not read yet
 * @throws {MayflyError} ERR_BAD_OPTION; and as `openAccountRecords` does, for an account that is to be kept
 */
export async function completePeopleOptions(given: object): Promise<PeopleOptions> {
  const options = readPeopleOptions(given, 'createPeer.people')
  const stretch = createWorkerStretch()
  if (options.store !== undefined || options.account?.kind === 'guest') return { stretch, ...options }
  return { stretch, ...options, store: await openAccountRecords() }
}

/** An inbox on disk for one test, gone with everything in it when the test ends. */

import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type InboxEvent, type InboxOptions, openInbox, type StoredInbox } from '../../node/server/inbox/inbox.ts'
import { sampleSender } from './sample-messages.ts'
import { createTemporaryDirectory } from './temporary-directory.ts'

export interface TestInbox {
  readonly inbox: StoredInbox
  readonly path: string
  readonly events: InboxEvent[]
  /** Closes the inbox, and opens its file again. */
  reopen(options?: Partial<InboxOptions>): TestInbox
}

export const OWNER = sampleSender('owner').hashname

export async function createInbox(options: Partial<InboxOptions> = {}): Promise<TestInbox> {
  const path = options.path ?? join(await createTemporaryDirectory(), 'inbox.db')
  return openTestInbox({ path, hashname: OWNER, ...options })
}

function openTestInbox(options: InboxOptions): TestInbox {
  const events: InboxEvent[] = []
  const inbox = openInbox({ onEvent: (event) => events.push(event), ...options })
  onTestFinished(() => inbox.close())
  return {
    inbox,
    path: options.path,
    events,
    reopen(changed = {}) {
      inbox.close()
      return openTestInbox({ ...options, ...changed })
    },
  }
}

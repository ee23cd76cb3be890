/** Opens the mailbox of this origin on demand, with code that is loaded after the first paint. */

import { onAbort } from '../../node/async/abort.ts'
import { createSemaphore } from '../../node/async/semaphore.ts'
import { Cell } from '../cell.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import type { SessionStore } from '../peer/tab-session.ts'
import { Draft } from './draft.ts'
import type { Mailbox } from './mailbox.ts'

export class MailboxOpener {
  /** Undefined until this origin has an address, which the messages page creates. */
  readonly mailbox = new Cell<Mailbox | undefined>(undefined)
  /** Why this browser cannot have a mailbox. */
  readonly problem = new Cell<unknown>(undefined)
  readonly #session: PeerSession
  readonly #draft: Draft
  /** One attempt at a time: the address is created once. */
  readonly #opening = createSemaphore(1)

  constructor(session: PeerSession, store: SessionStore) {
    this.#session = session
    this.#draft = new Draft(store)
  }

  /** Opens the mailbox, if this origin has an address or `create` is set. A failure is in `problem`. */
  open({ create }: { create: boolean }): Promise<void> {
    return this.#opening.run(async () => {
      if (this.mailbox.get()) return
      try {
        const { openMailbox } = await import('./open-mailbox.ts')
        const mailbox = await openMailbox(this.#session, this.#draft, create)
        this.mailbox.set(mailbox)
        onAbort(mailbox?.ended, () => this.#openAnew())
      } catch (problem) {
        if (create) this.problem.set(problem)
      }
    })
  }
  /** Another address has taken the place of the mailbox's. */
  #openAnew(): void {
    this.mailbox.set(undefined)
    void this.open({ create: true })
  }
}

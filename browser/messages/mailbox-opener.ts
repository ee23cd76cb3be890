/** Opens the mailbox of this origin on demand, with code that is loaded after the first paint. */

import { createSemaphore } from '../../node/async/semaphore.ts'
import { Cell } from '../cell.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import type { Mailbox } from './mailbox.ts'

export class MailboxOpener {
  /** Undefined until this origin has an address, which the messages page creates. */
  readonly mailbox = new Cell<Mailbox | undefined>(undefined)
  /** Why this browser cannot have a mailbox. */
  readonly problem = new Cell<unknown>(undefined)
  readonly #session: PeerSession
  /** One attempt at a time: the address is created once. */
  readonly #opening = createSemaphore(1)

  constructor(session: PeerSession) {
    this.#session = session
  }

  /** Opens the mailbox, if this origin has an address or `create` is set. A failure is in `problem`. */
  open({ create }: { create: boolean }): Promise<void> {
    return this.#opening.run(async () => {
      if (this.mailbox.get()) return
      try {
        const { openMailbox } = await import('./open-mailbox.ts')
        this.mailbox.set(await openMailbox(this.#session, create))
      } catch (problem) {
        if (create) this.problem.set(problem)
      }
    })
  }
}

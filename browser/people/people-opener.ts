/** Opens the account of this browser on demand, with code that is loaded after the first paint. */

import { createSemaphore } from '../../node/async/semaphore.ts'
import { Cell } from '../cell.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import type { TabPeople } from './tab-people.ts'

/** Set in `localStorage` once this browser has an account, so that a tab without one loads nothing for it. */
const MARK = 'mayfly-people'

export class PeopleOpener {
  /** Undefined until this browser has an account, which the people page makes. */
  readonly people = new Cell<TabPeople | undefined>(undefined)
  /** Why this browser cannot have an account. */
  readonly problem = new Cell<unknown>(undefined)
  readonly #session: PeerSession
  readonly #gateway: string
  readonly #opening = createSemaphore(1)

  /** @param gateway the origin of this page */
  constructor(session: PeerSession, gateway: string) {
    this.#session = session
    this.#gateway = gateway
  }

  /** Opens the account that is kept here; `create` makes one where there is none. A failure is in `problem`. */
  open({ create }: { create: boolean }): Promise<void> {
    return this.#opening.run(async () => {
      if (this.people.get() !== undefined || (!create && !hasMark())) return
      try {
        const { openTabPeople } = await import('./tab-people.ts')
        this.people.set(await openTabPeople(this.#session, this.#gateway, { kind: 'kept' }))
        setMark()
      } catch (problem) {
        this.problem.set(problem)
      }
    })
  }

  /** Brings the account of these 12 words to this browser. @throws {MayflyError} ERR_BAD_WORDS, and as `openTabPeople` */
  recover(words: string): Promise<void> {
    return this.#opening.run(async () => {
      const { openTabPeople } = await import('./tab-people.ts')
      this.people.set(await openTabPeople(this.#session, this.#gateway, { kind: 'words', words }))
      setMark()
    })
  }

  /** Makes this browser a place of the account that gave the token. @throws {MayflyError} as `Contacts.claimToken` */
  joinAccount(token: string, name: string): Promise<readonly string[]> {
    return this.#opening.run(async () => {
      const { openTabPeople } = await import('./tab-people.ts')
      const guest = await openTabPeople(this.#session, this.#gateway, { kind: 'guest' })
      try {
        const { words } = await guest.people.contacts.claimToken(name, token, { kind: 'device' })
        await guest.close()
        this.people.set(await openTabPeople(this.#session, this.#gateway, { kind: 'kept' }))
        setMark()
        return words
      } catch (error) {
        await guest.close()
        throw error
      }
    })
  }
}

function hasMark(): boolean {
  try {
    return localStorage.getItem(MARK) !== null
  } catch {
    return false
  }
}

function setMark(): void {
  try {
    localStorage.setItem(MARK, 'yes')
  } catch {
    // A browser without storage: the account is opened on the people page.
  }
}

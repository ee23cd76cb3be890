/** Opens the account of this browser on demand, with code that is loaded after the first paint. */

import { createSemaphore } from '../../node/async/semaphore.ts'
import type { AccountChoice } from '../../node/index.ts'
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
  /** True once the account was forgotten here, by this tab or another one. */
  readonly isForgotten = new Cell(false)
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
        await this.#enter({ kind: 'kept', create }, create)
        this.problem.set(undefined)
      } catch (problem) {
        // The browser has deleted the account, or another tab has: none is made unasked.
        if ((problem as { code?: unknown }).code === 'ERR_NO_ACCOUNT') setMark(false)
        else this.problem.set(problem)
      }
    })
  }

  /**
   * Brings an account that lives elsewhere, or that was lost, to this browser.
   *
   * @throws {MayflyError} ERR_BAD_WORDS, ERR_WRONG_PASS_PHRASE, ERR_BAD_OPTION: not an account's file; and as `openTabPeople`
   */
  bring(account: AccountChoice): Promise<void> {
    return this.#opening.run(() => this.#enter(account, true))
  }

  /** Makes this browser a place of the account that gave the token. @throws {MayflyError} as `Contacts.claimToken` */
  joinAccount(token: string, name: string): Promise<readonly string[]> {
    return this.#opening.run(async () => {
      const { openTabPeople } = await import('./tab-people.ts')
      const guest = await openTabPeople(this.#session, this.#gateway, { kind: 'guest' })
      const { words } = await guest.people.contacts.claimToken(name, token, { kind: 'device' }).finally(() => guest.close())
      await this.#enter({ kind: 'kept', create: false }, true)
      return words
    })
  }

  /** Forgets the account in all tabs of this browser. @throws {MayflyError} ERR_NOT_STORED */
  forget(): Promise<void> {
    return this.#opening.run(async () => {
      await this.people.get()?.forget()
      this.#leave()
    })
  }

  /** @param isNew the account was not kept here before: the browser is asked to keep it */
  async #enter(account: AccountChoice, isNew: boolean): Promise<void> {
    const { openTabPeople } = await import('./tab-people.ts')
    const people = await openTabPeople(this.#session, this.#gateway, account)
    setMark(true)
    this.isForgotten.set(false)
    this.people.set(people)
    people.people.account.onChange(() => this.#onChange(people))
    void (isNew ? people.storage.ask() : people.storage.read())
  }

  /** Another tab may have forgotten the account. */
  #onChange(people: TabPeople): void {
    if (!people.people.account.isForgotten || this.people.get() !== people) return
    this.#leave()
    void people.close()
  }

  #leave(): void {
    setMark(false)
    this.people.set(undefined)
    this.isForgotten.set(true)
  }
}

function hasMark(): boolean {
  try {
    return localStorage.getItem(MARK) !== null
  } catch {
    return false
  }
}

function setMark(hasAccount: boolean): void {
  try {
    if (hasAccount) localStorage.setItem(MARK, 'yes')
    else localStorage.removeItem(MARK)
  } catch {
    // A browser without storage: the account is opened on the people page.
  }
}

/**
 * Consent to calls of contacts: the person at this tab is asked, and may answer for all calls of one module by one contact. Such an answer is a
 * record beside the account, for all tabs of this browser. It ends with the contact, with the account, or when it is taken back.
 */

import { abortable } from '../../node/async/abort.ts'
import type { AccountStore, CallContext, Consent, Contacts, Person } from '../../node/index.ts'
import { Cell } from '../cell.ts'

/** A call that waits for the person's answer. */
export interface Question {
  module: string
  caller: Person
  /** An answer for 'always' holds for this contact's calls of this module from now on. */
  answer(verdict: 'once' | 'always' | 'refused'): void
}

/** By module: the accounts whose calls need no answer any more. */
type Standing = Readonly<Record<string, readonly string[]>>

const RECORD = 'consents'
/** Questions at once; the calls beyond are refused. */
const MAX_QUESTIONS = 16

export type Consents = Awaited<ReturnType<typeof openConsents>>

/** @throws {MayflyError} ERR_NOT_STORED */
export async function openConsents(store: Pick<AccountStore, 'load' | 'change' | 'onChange'>, contacts: Pick<Contacts, 'list'>) {
  const questions = new Cell<readonly Question[]>([])
  const standing = new Cell(readStanding(await store.load(RECORD)))
  const close = store.onChange((name) => {
    if (name !== RECORD) return
    store.load(RECORD).then(
      (bytes) => standing.set(readStanding(bytes)),
      () => {},
    )
  })
  const hasConsent = (module: string, account: string) => standing.get()[module]?.includes(account) === true

  async function change(update: (before: Standing) => Standing): Promise<void> {
    const known = new Set(contacts.list().map(({ account }) => account))
    const ofContacts = (accounts: readonly string[]) => accounts.filter((account) => known.has(account))
    const bytes = await store.change(RECORD, (before) => {
      const changed = Object.entries(update(readStanding(before))).map(([module, accounts]) => [module, ofContacts(accounts)])
      return new TextEncoder().encode(JSON.stringify(Object.fromEntries(changed)))
    })
    standing.set(readStanding(bytes))
  }

  function ask(module: string, { caller, signal }: CallContext): Promise<boolean> {
    const asked = abortable<boolean>(signal, (resolve) => {
      const question: Question = {
        module,
        caller,
        answer(verdict) {
          if (verdict === 'always') give(module, caller.account).catch(() => {}) // it is given for this once all the same
          resolve(verdict !== 'refused')
        },
      }
      questions.update((all) => [...all, question])
      return () => questions.update((all) => all.filter((each) => each !== question))
    })
    return asked.catch(() => false)
  }

  const give = (module: string, account: string) =>
    change((before) => ({ ...before, [module]: [...new Set([...(before[module] ?? []), account])] }))

  return {
    questions,
    /** True where calls of the contact run without a question. */
    hasAny: (account: string) => Object.values(standing.get()).some((accounts) => accounts.includes(account)),
    /** Changes when an answer for always is given, or taken back. */
    standing,
    /** Asks the person before each call; one's own other instances are not asked about. For `ModuleOptions.consent`. */
    consentTo:
      (module: string): Consent =>
      (_input, context) => {
        const { relation, account } = context.caller
        if (relation === 'own' || hasConsent(module, account)) return true
        return questions.get().length < MAX_QUESTIONS && ask(module, context)
      },
    /** The contact's calls are asked about again. @throws {MayflyError} ERR_NOT_STORED */
    takeBack: (account: string) =>
      change((before) =>
        Object.fromEntries(Object.entries(before).map(([module, accounts]) => [module, accounts.filter((each) => each !== account)])),
      ),
    close,
  }
}

/** A record that cannot be read has no answer in it. */
function readStanding(bytes: Uint8Array | undefined): Standing {
  try {
    const read: unknown = bytes === undefined ? {} : JSON.parse(new TextDecoder().decode(bytes))
    const isList = ([, accounts]: [string, unknown]) => Array.isArray(accounts) && accounts.every((each) => typeof each === 'string')
    return Object.fromEntries(Object.entries(read as object).filter(isList))
  } catch {
    return {}
  }
}

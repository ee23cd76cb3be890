/** `mayfly contacts`: the account of the data directory, and its contacts. Adds one by a code, and says what is taken of one without a question. */

import { type Contact, MayflyError, type OfferRule } from '../../index.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { type AccountPeer, createAccountPeer, goOnline, leaveSoon } from '../fetch/account-peer.ts'
import { describeBytes } from '../print/progress-bar.ts'

/**
 * @param alias of a contact, known or new; undefined to print them all
 * @param code the code, or the link, that the other person was given
 * @throws {MayflyError} ERR_TOKEN_…, ERR_NOBODY, ERR_NO_ACCOUNT, ERR_NO_NETWORK, ERR_BAD_OPTION
 * @throws the system's error, in words
 */
export async function runContacts(context: CommandContext, alias: string | undefined, code: string | undefined): Promise<ExitCode> {
  const { take, remove, withdraw } = context.configuration
  const own = await createAccountPeer(context, { create: alias !== undefined })
  try {
    if (alias === undefined) printAll(context, own)
    else if (take !== undefined || remove || withdraw) await change(context, own, alias)
    else await add(context, own, alias, code)
    return EXIT.done
  } finally {
    await leaveSoon(own)
  }
}

function printAll({ output }: CommandContext, { people, offers }: AccountPeer): void {
  output.remark(`Account ${people.account.id}`)
  const contacts = people.contacts.list()
  if (contacts.length === 0) output.remark('No contacts yet. mayfly contacts ALIAS makes a code for somebody, whom you call so')
  for (const contact of contacts) {
    const { alias, account, state } = contact
    const made = offers.made().filter((offer) => offer.account === account && offer.snapshot !== undefined)
    const rule = state === 'trusted' ? offers.ruleOf(account) : 'ask'
    const words = [
      alias,
      account,
      state === 'blocked' ? 'blocked' : describeRule(rule),
      ...(made.length > 0 ? [`${made.length} offers wait`] : []),
    ]
    const facts = { alias, account, state, take: typeof rule === 'object' ? rule.upTo : rule }
    const waiting = made.map(({ id, words: text, count, bytes, state: now }) => ({ offer: id, words: text, count, bytes, state: now }))
    output.result(words.join('  '), { ...facts, offers: waiting })
  }
}

const describeRule = (rule: OfferRule) =>
  typeof rule === 'object' ? `takes up to ${describeBytes(rule.upTo)}` : rule === 'always' ? 'takes everything' : 'asks'

/** @throws {MayflyError} ERR_NOBODY */
async function change({ configuration, output }: CommandContext, { people, offers }: AccountPeer, alias: string): Promise<void> {
  const { take, remove, withdraw } = configuration
  const { account } = mustFind(people.contacts.list(), alias)
  if (take !== undefined) {
    await offers.setRule(account, take)
    output.result(`${alias}: ${describeRule(take)}`, { alias, account, take: typeof take === 'object' ? take.upTo : take })
  }
  if (withdraw) {
    const made = offers.made().filter((offer) => offer.account === account)
    for (const offer of made) await offer.close()
    output.result(`${alias}: ${made.length} offers taken back`, { alias, account, withdrawn: made.length })
  }
  if (remove) {
    await people.contacts.remove(account)
    output.result(`${alias} is no contact any more`, { alias, account, removed: true })
  }
}

/** @throws {MayflyError} ERR_NOBODY */
function mustFind(contacts: readonly Contact[], alias: string): Contact {
  const found = contacts.find((contact) => contact.alias === alias || contact.account === alias)
  if (found !== undefined) return found
  throw new MayflyError('ERR_NOBODY', `No contact is called ${JSON.stringify(alias)}: mayfly contacts lists them`)
}

async function add(context: CommandContext, own: AccountPeer, alias: string, code: string | undefined): Promise<void> {
  const { output, signal } = context
  const { contacts } = own.people
  await goOnline(context, own)
  let paired: Awaited<ReturnType<typeof contacts.claimToken>>
  if (code === undefined) {
    const token = await contacts.requestToken(alias, { signal })
    const { code: words, token: text, expiresAtMs } = token
    output.result(words, { type: 'code', code: words, token: text, expiresAtMs })
    output.remark(`For ${alias}, once, in ten minutes: mayfly contacts YOUR-NAME ${words}; or on the page /people of a gateway`)
    const stop = () => void token.cancel().catch(() => {})
    signal.addEventListener('abort', stop, { once: true })
    paired = await token.claimed
  } else paired = await contacts.claimToken(alias, code, { signal })
  const { account, words } = paired
  output.result(`${paired.alias} is a contact now. Both sides see: ${words.join(' ')}`, {
    type: 'contact',
    alias: paired.alias,
    account,
    words,
  })
}

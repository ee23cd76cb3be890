/**
 * A person as a process of its own, whose account is kept in a file. It says what it does in lines of JSON:
 *
 *   node pairing-process.ts GATEWAY FILE issue ALIAS [kind]    the tokens that wait, a new one when there is none; then the contact
 *   node pairing-process.ts GATEWAY FILE claim ALIAS TEXT      the contact, or the code of the error
 */

import { createPeer, MayflyError, type Paired } from '../../node/index.ts'
import { openAccountStore } from '../../node/server/store/account-file.ts'

const [gateway = '', path = '', role = '', alias = '', text = ''] = process.argv.slice(2)
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)

const peer = await createPeer({ join: gateway, content: false, people: { store: await openAccountStore(path) } })
await peer.start()
const { account, contacts } = peer.people
const paired = ({ account: other, alias: name, words }: Paired) =>
  say({ paired: { account: other, alias: name, words }, own: account.id, contacts: contacts.list() })

if (role === 'issue') {
  if (contacts.tokens().length === 0) await contacts.requestToken(alias)
  say({ own: account.id, tokens: contacts.tokens().map(({ token, code }) => ({ token, code })), contacts: contacts.list() })
  for (const { claimed } of contacts.tokens()) claimed.then(paired, (error) => say({ code: error.code }))
} else {
  try {
    paired(await contacts.claimToken(alias, text))
  } catch (error) {
    say({ code: error instanceof MayflyError ? error.code : String(error) })
  }
  await peer.stop()
}
process.once('SIGTERM', () => void peer.stop())

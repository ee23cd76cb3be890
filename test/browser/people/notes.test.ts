import { expect, test } from 'vitest'
import { openConsents } from '../../../browser/people/consents.ts'
import { NOTE_LIMITS, openNotes } from '../../../browser/people/notes.ts'
import type { AccountStore } from '../../../node/index.ts'
import { createMemoryAccountStore } from '../../../node/people/account/store.ts'
import type { CallPeer } from '../../helpers/call-peers.ts'
import { createCallPeers } from '../../helpers/call-peers.ts'
import { waitFor } from '../../helpers/wait-for.ts'

/** The note module of each of these peers, each with a person who answers by hand. */
async function openTabs(names: readonly string[], store: (name: string) => AccountStore = () => createMemoryAccountStore()) {
  const { peers } = createCallPeers(names)
  const accounts = new Map<string, string>()
  for (const { scope } of peers) scope.module('who', (_, { caller }) => accounts.set(caller.instance, caller.account).size)
  for (const { scope } of peers) await scope.get('*').message('who', null).settled()
  const contacts = { list: () => [...accounts].map(([alias, account]) => ({ account, alias, state: 'trusted' as const, addedAtMs: 0 })) }
  const tabs = await Promise.all(
    peers.map(async (peer) => {
      const consents = await openConsents(store(peer.identity.peer), contacts)
      return {
        peer,
        consents,
        notes: openNotes(peer.scope, consents),
        asked: () => consents.questions.get().map(({ caller }) => caller.alias),
      }
    }),
  )
  return { tabs, accountOf: ({ identity }: CallPeer) => accounts.get(identity.peer) as string }
}

const until = (isSo: () => boolean, what: string) => waitFor(isSo, 10_000, what)

test('a note is shown once its reader agrees, and its sender hears what became of it', async () => {
  const { tabs } = await openTabs(['ann', 'ben'])
  const [ann, ben] = tabs as [(typeof tabs)[0], (typeof tabs)[0]]
  const texts = () => ben.notes.received.get().map(({ from, text }) => [from, text])
  const first = ann.notes.send('ben', 'https://pages.example/')
  await until(() => ben.asked().length === 1, 'the question')
  expect([ben.asked(), texts()]).toEqual([['ann'], []])
  expect(await ann.notes.send('ben', 'one more')).toBe('busy')
  ben.consents.questions.get()[0]?.answer('once')
  expect(await first).toBe('read')
  expect([ben.asked(), texts()]).toEqual([[], [['ann', 'https://pages.example/']]])

  const second = ann.notes.send('ben', 'no thanks')
  await until(() => ben.asked().length === 1, 'the second question')
  ben.consents.questions.get()[0]?.answer('refused')
  expect([await second, texts().length]).toEqual(['refused', 1])

  const taken = new AbortController()
  const third = ann.notes.send('ben', 'taken back', { signal: taken.signal })
  await until(() => ben.asked().length === 1, 'the third question')
  taken.abort(new Error('taken back'))
  await expect(third).rejects.toThrow('taken back')
  await until(() => ben.asked().length === 0, 'the question goes with the note')

  const [note] = ben.notes.received.get()
  if (note !== undefined) ben.notes.dismiss(note)
  expect(texts()).toEqual([])
  ben.notes.end()
  expect(await ann.notes.send('ben', 'anybody?')).toBe('no reader')
})

test('an answer for always is kept for all tabs, and for no other contact; it can be taken back', async () => {
  const shared = createMemoryAccountStore()
  const { tabs, accountOf } = await openTabs(['ann', 'ben', 'cid', 'ben/phone'], (name) =>
    name.startsWith('ben') ? shared : createMemoryAccountStore(),
  )
  const [ann, ben, cid, phone] = tabs as [(typeof tabs)[0], (typeof tabs)[0], (typeof tabs)[0], (typeof tabs)[0]]
  const account = accountOf(ann.peer)
  const first = ann.notes.send('ben', 'hello')
  await until(() => ben.asked().length === 1, 'the question')
  ben.consents.questions.get()[0]?.answer('always')
  expect(await first).toBe('read')
  await until(() => phone.consents.hasAny(account), 'the other tab hears of it')
  expect([ben.consents.hasAny(account), ben.consents.hasAny(accountOf(cid.peer))]).toEqual([true, false])
  for (const to of ['ben', 'ben/phone']) expect(await ann.notes.send(to, 'again')).toBe('read')
  const other = cid.notes.send('ben', 'hello')
  await until(() => ben.asked().length === 1, 'another one is asked about')
  ben.consents.questions.get()[0]?.answer('refused')
  expect(await other).toBe('refused')
  await ben.consents.takeBack(account)
  const last = ann.notes.send('ben', 'again')
  await until(() => ben.asked().length === 1, 'the question is asked again')
  ben.consents.questions.get()[0]?.answer('once')
  expect(await last).toBe('read')
})

test('answers of somebody who is no contact any more are forgotten, and a damaged record has none', async () => {
  const store = createMemoryAccountStore()
  let accounts = ['ann', 'ben']
  const contacts = { list: () => accounts.map((account) => ({ account, alias: account, state: 'trusted' as const, addedAtMs: 0 })) }
  const consents = await openConsents(store, contacts)
  const give = (account: string) => {
    const asked = consents.consentTo('note')(null, {
      caller: { account, alias: account, instance: account, relation: 'contact' },
      signal: new AbortController().signal,
    })
    consents.questions.get()[0]?.answer('always')
    return asked
  }
  expect([await give('ann'), await give('ben')]).toEqual([true, true])
  await until(() => consents.hasAny('ann') && consents.hasAny('ben'), 'both are kept')
  accounts = ['ben']
  await consents.takeBack('nobody')
  expect([consents.hasAny('ann'), consents.hasAny('ben')]).toEqual([false, true])
  await store.change('consents', () => new Uint8Array([0xff]))
  expect((await openConsents(store, contacts)).hasAny('ben')).toBe(false)
})

test('what is no note is refused: no text, only spaces, too much', async () => {
  const { tabs } = await openTabs(['ann', 'ben'])
  const [ann, ben] = tabs as [(typeof tabs)[0], (typeof tabs)[0]]
  const wrong = [null, {}, { text: '' }, { text: ' \n' }, { text: 'x'.repeat(NOTE_LIMITS.maxLength + 1) }]
  for (const data of wrong) {
    const [answer] = await ann.peer.scope.get('ben').message('mayfly-note', data).settled()
    expect(answer).toMatchObject({ error: { code: 'ERR_BAD_INPUT' } })
  }
  expect([ben.asked(), ben.notes.received.get()]).toEqual([[], []])
})

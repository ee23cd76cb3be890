/** The conversations of one share with its receivers: answers by its rules, and the list whenever it changes. */

import { createSoon } from '../../async/soon.ts'
import { type Chosen, chosenOf, isChosen, joinChosen } from '../format/chosen.ts'
import { pagesOf } from '../format/share-entry.ts'
import { isHelloProof } from '../format/share-keys.ts'
import type { LinkSecrets } from '../format/share-link.ts'
import { signList, signWelcome } from '../format/share-signatures.ts'
import { type Admission, type AdmissionState, admitHello, admitPassword, admitTake } from './admission.ts'
import { createListSender, type ListReason } from './list-sender.ts'
import { type Conversation, type Hello, type ReceiverLink, receiverOf } from './receiver-link.ts'
import type { ShareList } from './share-list.ts'
import type { ShareReceivers } from './share-receivers.ts'

export interface ConversationsContext {
  /** This peer's id in text form. */
  self: string
  /** The share's key pair, as a seed, and what its link says. */
  keys: { seed: Uint8Array; publicKey: Uint8Array; link: LinkSecrets }
  admission: AdmissionState
  list: Pick<ShareList, 'list' | 'entry' | 'hadEntry'>
  receivers: ShareReceivers
  now(): number
  onChange(): void
  /** A receiver has one more entry on its disk. */
  onSaved(receiver: string, link: ReceiverLink): void
}

/** A changed list is sent this long after the change at the earliest, in ms: a longer list more rarely. */
const LIST_MS = 250
const LONG_LIST_MS = 1_000
const LONG_LIST = 500

export type Conversations = ReturnType<typeof createConversations>

/** @param firstSequence the number of the newest list before */
export function createConversations(context: ConversationsContext, firstSequence: number) {
  const { self, keys, admission, list, receivers, now, onChange, onSaved } = context
  const { seed, publicKey, link } = keys
  const { rules } = admission
  let sequence = firstSequence
  const lists = createSoon(sendLists)

  function sendLists(): void {
    sequence++
    for (const [id, receiver] of receivers.linked()) if (maySee(id)) sendList(id, receiver.link, 'list')
  }

  const maySee = (id: string) => rules.password === undefined || admission.receivers.get(id)?.hasPassword === true
  const hasPlace = (id: string) => admission.receivers.get(id)?.place === 'taken'

  /** Keys and texts go to those who have a place, of the entries that they have taken. */
  const givenTo = (id: string): Chosen | undefined => (hasPlace(id) ? receivers.get(id)?.taken : undefined)

  const sendList = createListSender((id) => {
    const pages = pagesOf(list.list(), givenTo(id))
    return { sequence, pages, signature: signList(seed, link.id, sequence, pages) }
  }, answerList)

  function answerList(id: string, to: ReceiverLink, reason: ListReason): void {
    const given = givenTo(id)
    // Undefined: it took the share before this peer restarted, and will say again what it wants.
    if (reason === 'taken' && given !== undefined) to.send({ type: 'taken', entries: listed(given) })
    if (reason === 'ask') to.send({ type: 'asked' })
  }

  function answer(id: string, to: ReceiverLink, admitted: Admission): void {
    if (admitted.do === 'refuse') {
      const { code, triesLeft = 0 } = admitted
      to.send({ type: 'refuse', code, triesLeft })
      if (code !== 'ERR_SHARE_PASSWORD') to.close()
    } else if (admitted.do !== 'password') sendList(id, to, admitted.do)
    onChange()
  }

  const listed = (given: Chosen): Chosen =>
    given === 'all' ? 'all' : chosenOf(list.list().flatMap(({ id }) => (isChosen(given, id) ? [id] : [])))

  function converse(id: string, to: ReceiverLink): Conversation {
    const receiver = receivers.get(id)
    return {
      password: (text) => answer(id, to, admitPassword(admission, id, text, now())),
      take(entries) {
        const admitted = admitTake(admission, id, now())
        const wanted = chosenOf(entries?.filter(list.hadEntry))
        if (receiver && (admitted.do === 'taken' || admitted.do === 'ask')) receiver.taken = joinChosen(receiver.taken, wanted)
        answer(id, to, admitted)
      },
      progress(reports) {
        if (!hasPlace(id)) return
        for (const [entry, bytes] of reports) if (list.entry(entry) !== undefined) receiver?.received.set(entry, bytes)
        onChange()
      },
      saved(entry) {
        const found = list.entry(entry)
        if (!hasPlace(id) || found === undefined) return
        receiver?.saved.add(entry)
        receiver?.received.set(entry, found.size)
        onChange()
        onSaved(id, to)
      },
      way(way) {
        if (receiver) receiver.way = way
        onChange()
      },
      given: (entry) => (isChosen(givenTo(id), entry) ? list.entry(entry) : undefined),
      problem(text) {
        if (receiver && hasPlace(id)) receiver.problem = text
        onChange()
      },
      left() {
        if (receiver?.link === to) receiver.link = undefined
        onChange()
      },
    }
  }

  return {
    get sequence() {
      return sequence
    },
    answer,
    onListChange(): void {
      lists.ask(list.list().length > LONG_LIST ? LONG_LIST_MS : LIST_MS)
      onChange()
    },
    /** Undefined when the hello does not prove that its peer knows the link. */
    greet(hello: Hello, to: ReceiverLink): Conversation | undefined {
      const ends = { visitor: to.peer, owner: to.self ?? self }
      if (!isHelloProof('s', link, ends, hello.proof)) return undefined
      const id = receiverOf(hello)
      const { receivers: most, untilMs, ask = false, stopAfterFirst = false } = rules
      const seen = { ...(most !== undefined && { receivers: most }), ...(untilMs !== undefined && { untilMs }), ask, stopAfterFirst }
      const admitted = admitHello(admission, id, to.peer, now())
      const signature = signWelcome('s', seed, link.id, ends)
      const needsPassword = admitted.do === 'password'
      // A receiver that may not see the list yet does not learn where this peer is, either.
      const offers = hello.takesOffer === true && admitted.do !== 'refuse' && !needsPassword && to.mayOffer
      to.send({ type: 'welcome', publicKey, signature, rules: seen, needsPassword, offers })
      if (offers) to.offer()
      if (admission.receivers.has(id)) receivers.connect(id, hello.label, to)
      answer(id, to, admitted)
      return converse(id, to)
    },
    stop: () => lists.cancel(),
  }
}

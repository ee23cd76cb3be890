/**
 * Sends a share's list to its receivers, each as fast as it reads: one page waits for a slow reader, and a list that is old by the time it could go is
 * not sent. A receiver that reads nothing costs no more than its next list, whatever it asks meanwhile.
 */

import type { Admission } from './admission.ts'
import type { ReceiverLink } from './receiver-link.ts'

interface SignedList {
  sequence: number
  /** The fields of the entries of each. */
  pages: unknown[][][]
  signature: Uint8Array
}

/** A list has a reason, which decides what is said behind it: nothing for 'list'. */
export type ListReason = Extract<Admission, { do: 'list' | 'ask' | 'taken' }>['do']

/**
 * @param listFor the newest list, with what the receiver may have of each entry
 * @param answer says what follows the list
 */
export function createListSender(
  listFor: (receiver: string) => SignedList,
  answer: (receiver: string, to: ReceiverLink, reason: ListReason) => void,
) {
  /** Why the next list of a link is to be sent; empty while the last one is on its way. Bounded: the links that are open. */
  const waiting = new Map<ReceiverLink, Set<ListReason>>()

  async function sendAll(receiver: string, to: ReceiverLink, reasons: Set<ListReason>): Promise<void> {
    try {
      do {
        const answered = [...reasons]
        reasons.clear()
        const { sequence, pages, signature } = listFor(receiver)
        to.send({ type: 'list', sequence, pages: pages.length, signature })
        for (const [index, fields] of pages.entries()) {
          if (index > 0 && !(await to.writable())) return
          to.send({ type: 'page', sequence, entries: [], fields })
        }
        for (const reason of answered) answer(receiver, to, reason)
        if (!(await to.writable())) return
      } while (reasons.size > 0)
    } finally {
      waiting.delete(to) // with the last look at the reasons: what comes after it begins anew
    }
  }

  /**
   * Sends the list, at once where the one before has gone, and then the answer: once for all that ask for the same meanwhile. Nothing is sent once
   * the link has ended.
   */
  return (receiver: string, to: ReceiverLink, reason: ListReason): void => {
    const reasons = waiting.get(to)
    if (reasons !== undefined) return void reasons.add(reason)
    const first = new Set([reason])
    waiting.set(to, first)
    sendAll(receiver, to, first).catch(to.close)
  }
}

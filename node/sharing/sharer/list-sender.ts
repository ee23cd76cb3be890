/**
 * Sends a share's list to its receivers, each as fast as it reads: one page waits for a slow reader, and a list that is old by the time it could go is
 * not sent.
 */

import type { ReceiverLink } from './receiver-link.ts'

interface SignedList {
  sequence: number
  /** The fields of the entries of each. */
  pages: unknown[][][]
  signature: Uint8Array
}

/** @param listFor the newest list, with what the receiver may have of each entry */
export function createListSender(listFor: (receiver: string) => SignedList) {
  /** The answers that go behind the next list of a link. Bounded: the links that are open, and what their receivers ask. */
  const waiting = new Map<ReceiverLink, (() => void)[]>()

  async function sendAll(receiver: string, to: ReceiverLink, following: (() => void)[]): Promise<void> {
    do {
      const answers = following.splice(0)
      const { sequence, pages, signature } = listFor(receiver)
      to.send({ type: 'list', sequence, pages: pages.length, signature })
      for (const [index, fields] of pages.entries()) {
        if (index > 0 && !(await to.writable())) return
        to.send({ type: 'page', sequence, entries: [], fields })
      }
      for (const answer of answers) answer()
      if (!(await to.writable())) return
    } while (following.length > 0)
  }

  /** Sends the list, at once where the one before has gone, and then calls `answer`. Nothing is sent or called once the link has ended. */
  return (receiver: string, to: ReceiverLink, answer: () => void = () => {}): void => {
    const following = waiting.get(to)
    if (following !== undefined) return void following.push(answer)
    const first = [answer]
    waiting.set(to, first)
    void sendAll(receiver, to, first)
      .catch(to.close)
      .finally(() => waiting.delete(to))
  }
}

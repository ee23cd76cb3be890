/**
 * Who has how much in an inbox, and who gives way. Half of the room is for senders that have a name, half for the others; either may use what
 * the other leaves free. Within a half, who has the most gives way first: a flood pushes out itself. Pure counting; the rows are
 * `inbox-database.ts`'s.
 */

import { InboxRanks } from './inbox-ranks.ts'

export interface Share {
  messages: number
  /** Of disk, as `footprintOf` counts. */
  bytes: number
}

export interface TallyEntry {
  sender: string
  end: string
  bytes: number
}

export class InboxTally {
  /** By sender. Bounded: each has a message in the inbox. */
  readonly #senders = new Map<string, Share>()
  /** The same, by how many messages each has. */
  readonly #ranks: Record<'named' | 'others', InboxRanks> = { named: new InboxRanks(), others: new InboxRanks() }
  /** Messages by end. Bounded as well. */
  readonly #ends = new Map<string, number>()
  readonly #total: Share = { messages: 0, bytes: 0 }
  readonly #named: Share = { messages: 0, bytes: 0 }
  readonly #isNamed: (sender: string) => boolean

  constructor(isNamed: (sender: string) => boolean) {
    this.#isNamed = isNamed
  }

  get total(): Readonly<Share> {
    return this.#total
  }

  /** Of the senders that have a name, or of those that have none. */
  ofHalf(isNamed: boolean): Share {
    const { messages, bytes } = this.#named
    return isNamed ? { messages, bytes } : { messages: this.#total.messages - messages, bytes: this.#total.bytes - bytes }
  }

  of(sender: string): Readonly<Share> {
    return this.#senders.get(sender) ?? { messages: 0, bytes: 0 }
  }

  ends(): ReadonlyMap<string, number> {
    return this.#ends
  }

  add({ sender, end, bytes }: TallyEntry, messages = 1): void {
    const share = this.#senders.get(sender) ?? { messages: 0, bytes: 0 }
    this.#senders.set(sender, share)
    const isNamed = this.#isNamed(sender)
    const shares = isNamed ? [share, this.#total, this.#named] : [share, this.#total]
    this.#ranksOf(isNamed).move(sender, share.messages, share.messages + messages)
    for (const one of shares) {
      one.messages += messages
      one.bytes += bytes
    }
    if (share.messages <= 0) this.#senders.delete(sender)
    const atEnd = (this.#ends.get(end) ?? 0) + messages
    if (atEnd > 0) this.#ends.set(end, atEnd)
    else this.#ends.delete(end)
  }

  remove({ sender, end, bytes }: TallyEntry): void {
    this.add({ sender, end, bytes: -bytes }, -1)
  }

  /** To be told after a sender was given a name, or lost it. */
  renamed(sender: string, isNamed: boolean): void {
    const { messages, bytes } = this.of(sender)
    const sign = isNamed ? 1 : -1
    this.#named.messages += sign * messages
    this.#named.bytes += sign * bytes
    this.#ranksOf(!isNamed).move(sender, messages, 0)
    this.#ranksOf(isNamed).move(sender, 0, messages)
  }

  /**
   * Who gives way when there are more messages than `room`, and how many of the `wanted` it gives before somebody else has as many. Undefined
   * when nobody has any. Looks at no more than it gives, however many senders there are.
   */
  givesWay(room: number, wanted: number): { sender: string; messages: number } | undefined {
    const unnamed = this.ofHalf(false).messages
    // Whichever half is over its own; the other one is what it may use.
    const fromNamed = unnamed <= room / 2
    return this.#ranksOf(fromNamed).most(wanted) ?? this.#ranksOf(!fromNamed).most(wanted)
  }

  #ranksOf(isNamed: boolean): InboxRanks {
    return isNamed ? this.#ranks.named : this.#ranks.others
  }
}

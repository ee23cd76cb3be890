/**
 * Counts the messages of each sender in an inbox, and decides whose are removed first. Half of the room is for named senders, half for the
 * others; each half may use what the other leaves free. Within a half, the sender with the most messages gives way first: a flood pushes out
 * itself. The rows are in `inbox-database.ts`.
 */

/** Room that messages take. */
interface InboxUsage {
  messages: number
  /** On disk, as `footprintOf` counts. */
  bytes: number
}

export interface TallyEntry {
  sender: string
  end: string
  bytes: number
}

export class InboxTally {
  /** By sender. Bounded: each has a message in the inbox. */
  readonly #senders = new Map<string, InboxUsage>()
  readonly #named = { messages: 0, bytes: 0, ranks: new InboxRanks() }
  readonly #others = { messages: 0, bytes: 0, ranks: new InboxRanks() }
  /** Messages by end. Bounded: each end has one. */
  readonly #ends = new Map<string, number>()
  readonly #total: InboxUsage = { messages: 0, bytes: 0 }
  readonly #isNamed: (sender: string) => boolean

  constructor(isNamed: (sender: string) => boolean) {
    this.#isNamed = isNamed
  }

  get total(): Readonly<InboxUsage> {
    return this.#total
  }

  /** Usage of all named senders, or of all others. */
  ofHalf(isNamed: boolean): Readonly<InboxUsage> {
    const { messages, bytes } = this.#halfOf(isNamed)
    return { messages, bytes }
  }

  of(sender: string): Readonly<InboxUsage> {
    return this.#senders.get(sender) ?? { messages: 0, bytes: 0 }
  }

  ends(): ReadonlyMap<string, number> {
    return this.#ends
  }

  add({ sender, end, bytes }: TallyEntry, messages = 1): void {
    const usage = this.#senders.get(sender) ?? { messages: 0, bytes: 0 }
    this.#senders.set(sender, usage)
    const half = this.#halfOf(this.#isNamed(sender))
    half.ranks.move(sender, usage.messages, usage.messages + messages)
    for (const one of [usage, half, this.#total]) {
      one.messages += messages
      one.bytes += bytes
    }
    if (usage.messages <= 0) this.#senders.delete(sender)
    const atEnd = (this.#ends.get(end) ?? 0) + messages
    if (atEnd > 0) this.#ends.set(end, atEnd)
    else this.#ends.delete(end)
  }

  remove({ sender, end, bytes }: TallyEntry): void {
    this.add({ sender, end, bytes: -bytes }, -1)
  }

  /** To be called after a sender was given a name, or lost it. */
  renamed(sender: string, isNamed: boolean): void {
    const { messages, bytes } = this.of(sender)
    const [from, to] = [this.#halfOf(!isNamed), this.#halfOf(isNamed)]
    from.messages -= messages
    from.bytes -= bytes
    from.ranks.move(sender, messages, 0)
    to.messages += messages
    to.bytes += bytes
    to.ranks.move(sender, 0, messages)
  }

  /**
   * The sender whose messages are removed when there are more than `room`, and how many of the `wanted` are removed before another sender has as
   * many. Undefined when there is no message. The work depends on the messages removed, not on the number of senders.
   */
  givesWay(room: number, wanted: number): { sender: string; messages: number } | undefined {
    // The half that is over its own room gives way.
    const fromNamed = this.#others.messages <= room / 2
    return this.#halfOf(fromNamed).ranks.most(wanted) ?? this.#halfOf(!fromNamed).ranks.most(wanted)
  }

  #halfOf(isNamed: boolean) {
    return isNamed ? this.#named : this.#others
  }
}

/**
 * Senders ranked by their number of messages. The sender with the most is found without looking at the others, of which a flood may bring a
 * hundred thousand.
 */
class InboxRanks {
  /** Ranks by number of messages; none is empty. Bounded by the senders. */
  readonly #ranks = new Map<number, Rank>()
  /** The highest rank. */
  #top = 0

  /** A sender's number of messages has changed; 0: none. */
  move(sender: string, before: number, after: number): void {
    const old = this.#ranks.get(before)
    old?.remove(sender)
    if (old?.size === 0) this.#ranks.delete(before)
    if (after > 0) {
      const rank = this.#ranks.get(after) ?? new Rank()
      this.#ranks.set(after, rank)
      rank.add(sender)
    }
    this.#top = Math.max(this.#top, after)
    // One step for each message that was added before.
    while (this.#top > 0 && !this.#ranks.has(this.#top)) this.#top--
  }

  /**
   * The sender with the most messages; among several, the one at that number for longest.
   *
   * @returns it, and how many of the wanted messages it has more than every other sender, at least one
   */
  most(wanted: number): { sender: string; messages: number } | undefined {
    const rank = this.#ranks.get(this.#top)
    const sender = rank?.first()
    if (rank === undefined || sender === undefined) return undefined
    let messages = 1
    if (rank.size === 1) while (messages < Math.min(wanted, this.#top) && !this.#ranks.has(this.#top - messages)) messages++
    return { sender, messages }
  }
}

/** Senders with the same number of messages, in the order in which they reached it. */
class Rank {
  readonly #senders = new Set<string>()
  /** Kept between calls: a new iterator would pass by all removed entries each time. */
  #order = this.#senders.values()
  #first: string | undefined

  get size(): number {
    return this.#senders.size
  }

  add(sender: string): void {
    this.#senders.add(sender)
  }

  remove(sender: string): void {
    this.#senders.delete(sender)
    if (this.#first === sender) this.#first = undefined
  }

  first(): string | undefined {
    if (this.#first !== undefined) return this.#first
    let next = this.#order.next()
    if (next.done) {
      this.#order = this.#senders.values() // an iterator at its end stays there, whatever was added since
      next = this.#order.next()
    }
    this.#first = next.value
    return this.#first
  }
}

/**
 * Senders ranked by their number of messages. The sender with the most is found without looking at the others, of which a flood may bring a
 * hundred thousand. Used by `inbox-tally.ts`.
 */

export class InboxRanks {
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

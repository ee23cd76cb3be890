/**
 * Senders by how many messages each has: who has the most is found without looking at the others, of whom a flood may bring a hundred thousand.
 * Pure counting, for `inbox-tally.ts`.
 */

export class InboxRanks {
  /** By the number of messages; none is empty. Bounded by the senders. */
  readonly #ranks = new Map<number, Rank>()
  /** No rank is above it. */
  #top = 0

  /** A sender has so many messages now, 0: none, and had so many before. */
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

  /** Who has the most, of several the one that has had so many for longest; and how many of the wanted it has more than anybody else, one at least. */
  most(wanted: number): { sender: string; messages: number } | undefined {
    const rank = this.#ranks.get(this.#top)
    const sender = rank?.first()
    if (rank === undefined || sender === undefined) return undefined
    let messages = 1
    if (rank.size === 1) while (messages < Math.min(wanted, this.#top) && !this.#ranks.has(this.#top - messages)) messages++
    return { sender, messages }
  }
}

/** Senders that have as many, in the order in which they came to it. */
class Rank {
  readonly #senders = new Set<string>()
  /** Kept from one time to the next: from the beginning, each time, it would pass by all that were removed there. */
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
      this.#order = this.#senders.values() // it ends for good, whatever was added since
      next = this.#order.next()
    }
    this.#first = next.value
    return this.#first
  }
}

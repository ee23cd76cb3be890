/**
 * The small contents beside holders' records: one copy of each key's, all of them within a bound. When that is met, the oldest copy of the source
 * with the most bytes makes room, unless that is the one who asks.
 */

/** A record that may have content. */
export interface Giver {
  content?: Uint8Array | undefined
  /** The source of the record that brought the content: it goes with that one. */
  contentFrom?: object | string | undefined
}

/** The copy of one key's content. */
export interface KeptCopy {
  content: Uint8Array | undefined
  /** The records that have it: the source of the first one answers for its bytes. Bounded as the key's records are. */
  givers: Set<Giver>
}

/** The cost of a copy besides its bytes. */
const COPY_BYTES = 128

const costOf = ({ content }: Giver) => (content?.byteLength ?? 0) + COPY_BYTES

/** @param maxBytes of all copies, with COPY_BYTES for each */
export function createKeptContents(maxBytes: number) {
  let used = 0
  /** Bytes and copies that each source answers for, the oldest copy first. Bounded: maxBytes. */
  const shares = new Map<Giver['contentFrom'], { bytes: number; copies: Set<KeptCopy> }>()

  function charge({ contentFrom }: Giver, copy: KeptCopy): void {
    const share = shares.get(contentFrom) ?? { bytes: 0, copies: new Set() }
    shares.set(contentFrom, share)
    share.copies.add(copy)
    share.bytes += costOf(copy)
    used += costOf(copy)
  }

  function discharge({ contentFrom }: Giver, copy: KeptCopy): void {
    const share = shares.get(contentFrom)
    if (!share?.copies.delete(copy)) return
    share.bytes -= costOf(copy)
    used -= costOf(copy)
    if (share.copies.size === 0) shares.delete(contentFrom)
  }

  function drop(copy: KeptCopy | undefined, giver: Giver): void {
    const [first] = copy?.givers ?? []
    giver.content = undefined
    if (!copy?.givers.delete(giver) || giver !== first) return
    discharge(giver, copy)
    const [next] = copy.givers
    if (next === undefined) copy.content = undefined
    else charge(next, copy)
  }

  /** False when nobody has more than the source would have then. */
  function makeRoom({ contentFrom }: Giver, cost: number): boolean {
    while (used + cost > maxBytes) {
      const largest = [...shares.values()].reduce((a, b) => (b.bytes > a.bytes ? b : a), { bytes: 0, copies: new Set<KeptCopy>() })
      const [oldest] = largest.copies
      if (oldest === undefined || largest.bytes <= (shares.get(contentFrom)?.bytes ?? 0) + cost) return false
      for (const giver of [...oldest.givers].reverse()) drop(oldest, giver)
    }
    return true
  }

  return {
    /** Keeps the content of a record, or takes it off the record, which goes without. Records of one key share one copy. */
    keep(copy: KeptCopy, giver: Giver) {
      if (giver.content === undefined) return
      if (copy.content === undefined && !makeRoom(giver, costOf(giver))) {
        giver.content = undefined
        return
      }
      copy.content ??= giver.content
      giver.content = copy.content
      if (copy.givers.add(giver).size === 1) charge(giver, copy)
    },
    /** The record has the content no longer. */
    drop,
  }
}

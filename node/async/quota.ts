/** A quota: how much may be open, in all and for each key (a client, an address). */

export interface QuotaOptions {
  /** In all; no limit when left out. */
  max?: number
  /** No limit when left out. */
  maxPerKey?: number
}

export interface Quota {
  /** Open now, in all. */
  readonly size: number
  /** Open now, of one key. */
  of(key: string): number
  /**
   * Takes from the quota.
   *
   * @param amount how much, 1 unless given: all of it or nothing
   * @returns a function that gives it back, which may be called twice; or the limit that was met
   */
  enter(key: string, amount?: number): (() => void) | 'full' | 'key-full'
}

export function createQuota({ max = Number.POSITIVE_INFINITY, maxPerKey = Number.POSITIVE_INFINITY }: QuotaOptions = {}): Quota {
  /** Bounded: max, since only keys with something open are in it. */
  const byKey = new Map<string, number>()
  let size = 0
  return {
    get size() {
      return size
    },
    of: (key) => byKey.get(key) ?? 0,
    enter(key, amount = 1) {
      const open = byKey.get(key) ?? 0
      if (size + amount > max) return 'full'
      if (open + amount > maxPerKey) return 'key-full'
      size += amount
      byKey.set(key, open + amount)
      let hasLeft = false
      return () => {
        if (hasLeft) return
        hasLeft = true
        size -= amount
        const rest = (byKey.get(key) ?? amount) - amount
        if (rest === 0) byKey.delete(key)
        else byKey.set(key, rest)
      }
    },
  }
}

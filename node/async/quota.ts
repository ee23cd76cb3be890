/** A quota: how much may be open, in all and for each key (a client, an address). */

export type Quota = ReturnType<typeof createQuota>

/** @param limits in all, and for each key; none where left out. They are read at each use, so they may change. */
export function createQuota(limits: { readonly max?: number; readonly maxPerKey?: number } = {}) {
  /** Bounded: max, since only keys with something open are in it. */
  const byKey = new Map<string, number>()
  let size = 0
  return {
    /** Open now, in all. */
    get size() {
      return size
    },
    /** Open now, of one key. */
    of: (key: string) => byKey.get(key) ?? 0,
    /**
     * Takes from the quota.
     *
     * @param amount how much, 1 unless given: all of it or nothing
     * @returns a function that gives it back, which may be called twice; or the limit that was met
     */
    enter(key: string, amount: number = 1): (() => void) | 'full' | 'key-full' {
      const { max = Number.POSITIVE_INFINITY, maxPerKey = Number.POSITIVE_INFINITY } = limits
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

/** Counts what is open, in all and for each key (a client, an address), and has no place for one too many. */

export interface QuotaOptions {
  max: number
  maxPerKey: number
}

export interface Quota {
  /** Open now, in all. */
  readonly size: number
  /** Open now, of one key. */
  of(key: string): number
  /** Takes a place. @returns a function that gives it back, which may be called twice; or which limit was met */
  enter(key: string): (() => void) | 'full' | 'key-full'
}

export function createQuota({ max, maxPerKey }: QuotaOptions): Quota {
  /** Bounded: max, since only keys with something open are in it. */
  const byKey = new Map<string, number>()
  let size = 0
  return {
    get size() {
      return size
    },
    of: (key) => byKey.get(key) ?? 0,
    enter(key) {
      const open = byKey.get(key) ?? 0
      if (size >= max) return 'full'
      if (open >= maxPerKey) return 'key-full'
      size++
      byKey.set(key, open + 1)
      let hasLeft = false
      return () => {
        if (hasLeft) return
        hasLeft = true
        size--
        const rest = (byKey.get(key) ?? 1) - 1
        if (rest === 0) byKey.delete(key)
        else byKey.set(key, rest)
      }
    },
  }
}

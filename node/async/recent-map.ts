/** A map of bounded size: a new entry over the bound evicts the oldest one. `order` names what makes an entry young again. */

export interface RecentMapOptions<K, V> {
  maxEntries: number
  /**
   * The oldest entry is the one that was read or written longest ago ('used', a least-recently-used cache), written longest ago
   * ('written'), or first written longest ago ('added').
   */
  order?: 'used' | 'written' | 'added'
  /** Hears of each entry that made room for another; not of those that were deleted or replaced. */
  onEvict?(key: K, value: V): void
}

export function createRecentMap<K, V>({ maxEntries, order = 'used', onEvict }: RecentMapOptions<K, V>) {
  /** Oldest first. Bounded: maxEntries. */
  const entries = new Map<K, V>()

  /** The value; in the order 'used' its entry is the youngest from then on. */
  function get(key: K): V | undefined {
    const value = entries.get(key)
    if (order === 'used' && value !== undefined) {
      entries.delete(key)
      entries.set(key, value)
    }
    return value
  }

  function set(key: K, value: V): void {
    if (order !== 'added') entries.delete(key)
    entries.set(key, value)
    if (entries.size <= maxEntries) return
    for (const [oldest, evicted] of entries) {
      entries.delete(oldest)
      onEvict?.(oldest, evicted)
      return
    }
  }

  return {
    get size() {
      return entries.size
    },
    get,
    /** The value; its entry stays as old as it is. */
    peek: (key: K) => entries.get(key),
    has: (key: K) => entries.has(key),
    set,
    /** The value, made by `create` where there is none. */
    getOrCreate(key: K, create: () => V): V {
      const known = get(key)
      if (known !== undefined) return known
      const value = create()
      set(key, value)
      return value
    },
    /** True when there was such an entry. */
    delete: (key: K) => entries.delete(key),
    clear: () => entries.clear(),
    /** Oldest first. */
    keys: () => entries.keys(),
    /** Oldest first. */
    values: () => entries.values(),
    [Symbol.iterator]: () => entries[Symbol.iterator](),
  }
}

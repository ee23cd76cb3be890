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

export interface RecentMap<K, V> extends Iterable<[K, V]> {
  readonly size: number
  /** The value; in the order 'used' its entry is the youngest from then on. */
  get(key: K): V | undefined
  /** The value; its entry stays as old as it is. */
  peek(key: K): V | undefined
  has(key: K): boolean
  set(key: K, value: V): void
  /** The value, made by `create` where there is none. */
  getOrCreate(key: K, create: () => V): V
  /** True when there was such an entry. */
  delete(key: K): boolean
  clear(): void
  /** Oldest first. */
  keys(): IterableIterator<K>
  /** Oldest first. */
  values(): IterableIterator<V>
}

export function createRecentMap<K, V>({ maxEntries, order = 'used', onEvict }: RecentMapOptions<K, V>): RecentMap<K, V> {
  /** Oldest first. Bounded: maxEntries. */
  const entries = new Map<K, V>()

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
    peek: (key) => entries.get(key),
    has: (key) => entries.has(key),
    set,
    getOrCreate(key, create) {
      const known = get(key)
      if (known !== undefined) return known
      const value = create()
      set(key, value)
      return value
    },
    delete: (key) => entries.delete(key),
    clear: () => entries.clear(),
    keys: () => entries.keys(),
    values: () => entries.values(),
    [Symbol.iterator]: () => entries[Symbol.iterator](),
  }
}

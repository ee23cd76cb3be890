/** A queue of several lines by name, served round-robin: the first of one line, then the first of the next. How much may wait is the caller's to limit. */
export type RoundRobin<T> = ReturnType<typeof createRoundRobin<T>>

export function createRoundRobin<T>() {
  /** In the order of their turns; none is empty. Bounded by what waits. */
  const lines = new Map<string, { item: T; weight: number }[]>()
  let size = 0
  let weight = 0
  return {
    /** Waiting items in all lines, and the sum of their weights. */
    get size() {
      return size
    },
    get weight() {
      return weight
    },
    /** Adds to the end of a line. The items of one line keep their order. */
    push(name: string, item: T, itemWeight: number) {
      const line = lines.get(name)
      if (line === undefined) lines.set(name, [{ item, weight: itemWeight }])
      else line.push({ item, weight: itemWeight })
      size++
      weight += itemWeight
    },
    /** The item that is served next; undefined when nothing waits. */
    peek(): T | undefined {
      const [line] = lines.values()
      return line?.[0]?.item
    },
    /** Removes and returns that item; its line goes behind the others. */
    take(): T | undefined {
      const [turn] = lines
      if (turn === undefined) return undefined
      const [name, line] = turn
      const next = line.shift()
      lines.delete(name)
      if (line.length > 0) lines.set(name, line)
      if (next === undefined) return undefined
      size--
      weight -= next.weight
      return next.item
    },
    clear() {
      lines.clear()
      size = 0
      weight = 0
    },
  }
}

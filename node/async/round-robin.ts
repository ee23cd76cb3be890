/** A queue of several lines by name, served round-robin: the first of one line, then the first of the next. How much may wait is the caller's to limit. */

export interface RoundRobin<T> {
  /** Waiting items in all lines, and the sum of their weights. */
  readonly size: number
  readonly weight: number
  /** Adds to the end of a line. The items of one line keep their order. */
  push(line: string, item: T, weight: number): void
  /** The item that is served next; undefined when nothing waits. */
  peek(): T | undefined
  /** Removes and returns that item; its line goes behind the others. */
  take(): T | undefined
  clear(): void
}

export function createRoundRobin<T>(): RoundRobin<T> {
  /** In the order of their turns; none is empty. Bounded by what waits. */
  const lines = new Map<string, { item: T; weight: number }[]>()
  let size = 0
  let weight = 0
  return {
    get size() {
      return size
    },
    get weight() {
      return weight
    },
    push(name, item, itemWeight) {
      const line = lines.get(name)
      if (line === undefined) lines.set(name, [{ item, weight: itemWeight }])
      else line.push({ item, weight: itemWeight })
      size++
      weight += itemWeight
    },
    peek() {
      const [line] = lines.values()
      return line?.[0]?.item
    },
    take() {
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

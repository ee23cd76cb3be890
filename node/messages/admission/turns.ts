/** What waits in several lines by name, which take turns: the first of one line, then the first of the next. How much may wait is for others. */

export interface Turns<T> {
  /** How many wait, in all lines, and their weight in bytes. */
  readonly size: number
  readonly bytes: number
  /** Those of one line keep their order. */
  push(line: string, item: T, bytes: number): void
  /** Whose turn it is; undefined when nothing waits. */
  peek(): T | undefined
  /** Takes it out; its line stands behind the others then. */
  take(): T | undefined
  clear(): void
}

export function createTurns<T>(): Turns<T> {
  /** In the order of their turns; none is empty. Bounded by what waits. */
  const lines = new Map<string, { item: T; bytes: number }[]>()
  let size = 0
  let bytes = 0
  return {
    get size() {
      return size
    },
    get bytes() {
      return bytes
    },
    push(name, item, weight) {
      const line = lines.get(name)
      if (line === undefined) lines.set(name, [{ item, bytes: weight }])
      else line.push({ item, bytes: weight })
      size++
      bytes += weight
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
      bytes -= next.bytes
      return next.item
    },
    clear() {
      lines.clear()
      size = 0
      bytes = 0
    },
  }
}

/** Reads on while its caller is busy: the next value is on its way when it is asked for. */

/**
 * The values of the source in their order, each asked for before the caller has taken the one before. A caller that leaves early waits for the one
 * that is on its way, so the source is to be one that answers soon, as a disk.
 *
 * @throws what the source throws, after the values that came before
 */
export async function* readAhead<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  const values = source[Symbol.asyncIterator]()
  const ask = () => {
    const asked = values.next()
    asked.catch(() => {}) // thrown below, unless the caller has left
    return asked
  }
  try {
    for (let next = ask(); ; ) {
      const { done, value } = await next
      if (done) return
      next = ask()
      yield value
    }
  } finally {
    await values.return?.()
  }
}

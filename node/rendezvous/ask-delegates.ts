/** Asks the delegates of a key's group for its holders. */

/**
 * Asks one after the other. One that has denied what another one finds is at fault: it may be wrong, or lie.
 *
 * @param ask yields what a delegate finds
 * @param onDenied hears of such a delegate
 */
export async function* askDelegates<Name, T>(
  delegates: readonly Name[],
  ask: (delegate: Name) => AsyncIterable<T>,
  onDenied: (delegate: Name) => void,
): AsyncGenerator<T> {
  const denying: Name[] = []
  for (const delegate of delegates) {
    let isAny = false
    for await (const found of ask(delegate)) {
      if (!isAny) denying.forEach(onDenied)
      isAny = true
      yield found
    }
    if (!isAny) denying.push(delegate)
  }
}

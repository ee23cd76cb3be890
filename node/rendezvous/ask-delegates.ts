/** Asks the delegates of a key's group for its holders. */

import type { FindOptions } from './types.ts'

/**
 * Asks one after the other. One that has denied what another one finds is at fault: it may be wrong, or lie.
 *
 * @param ask yields what a delegate finds
 * @param onDenied hears of such a delegate
 * @param search the key's content is found as well as a holder is, and then nothing is yielded: it is wrapped meanwhile
 */
export async function* askDelegates<Name, T>(
  delegates: readonly Name[],
  ask: (delegate: Name) => AsyncIterable<T>,
  onDenied: (delegate: Name) => void,
  search: Pick<FindOptions, 'onContent'> = {},
): AsyncGenerator<T> {
  const { onContent } = search
  const denying: Name[] = []
  let isAny = false
  function onAny(): void {
    denying.splice(0).forEach(onDenied)
    isAny = true
  }

  if (onContent !== undefined)
    search.onContent = (content) => {
      const isTaken = onContent(content)
      if (isTaken) onAny()
      return isTaken
    }
  try {
    for (const delegate of delegates) {
      isAny = false
      for await (const found of ask(delegate)) {
        onAny()
        yield found
      }
      if (!isAny) denying.push(delegate)
    }
  } finally {
    if (onContent !== undefined) search.onContent = onContent
  }
}

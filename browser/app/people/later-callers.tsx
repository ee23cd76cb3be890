/** Loads what contacts have to say once this browser has an account, so that the first paint does not wait for it. */

import { useEffect, useState } from 'preact/hooks'
import type { Tab } from '../../tab.ts'
import { useCell } from '../use-cell.ts'
import type { Callers } from './callers.tsx'

export function LaterCallers({ tab }: { tab: Tab }) {
  const people = useCell(tab.people.people)
  const [View, setView] = useState<typeof Callers>()
  useEffect(() => {
    if (people === undefined) return
    import('./callers.tsx').then(
      (loaded) => setView(() => loaded.Callers),
      () => {}, // the gateway has gone: contacts hear that nobody answers
    )
  }, [people])
  return people !== undefined && View !== undefined ? <View people={people} offers={tab.offers.offers} /> : null
}

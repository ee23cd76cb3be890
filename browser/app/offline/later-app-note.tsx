/** Loads the note about the stored app after the first paint: on the home page, and on all pages under `/app/`. */

import { useEffect, useState } from 'preact/hooks'
import { isUnderApp } from '../../offline/app-paths.ts'
import type { Tab } from '../../tab.ts'
import { useCell } from '../use-cell.ts'
import type { AppNote } from './app-note.tsx'
import './install-offer.ts' // listens from the start

export function LaterAppNote({ tab }: { tab: Tab }) {
  const route = useCell(tab.navigation.route)
  const [View, setView] = useState<typeof AppNote>()
  const isShown = route.view === 'home' || isUnderApp(location.pathname) || new URLSearchParams(location.search).has('unregister')
  useEffect(() => {
    if (isShown && View === undefined) {
      import('./app-note.tsx').then(
        (loaded) => setView(() => loaded.AppNote),
        () => {}, // the node has gone, which the head says
      )
    }
  }, [isShown])
  return View === undefined ? null : <View tab={tab} />
}

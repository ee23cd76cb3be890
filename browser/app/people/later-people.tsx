/** Loads the people page when it is opened, so that the first paint of other pages does not wait for it. */

import { useEffect, useState } from 'preact/hooks'
import type { Tab } from '../../tab.ts'
import type { PeopleRoute } from '../../visit/route.ts'
import { Problem } from '../problem.tsx'
import type { PeopleView } from './people-view.tsx'

export function LaterPeople(props: { tab: Tab; route: PeopleRoute }) {
  const [View, setView] = useState<typeof PeopleView>()
  const [hasFailed, setFailed] = useState(false)
  useEffect(() => {
    import('./people-view.tsx').then(
      (loaded) => setView(() => loaded.PeopleView),
      () => setFailed(true),
    )
  }, [])
  if (View) return <View {...props} />
  return (
    <section class="home">
      <h1 tabIndex={-1}>People</h1>
      <Problem text={hasFailed ? 'The people page could not be loaded. Reload it when the gateway is back.' : undefined} />
    </section>
  )
}

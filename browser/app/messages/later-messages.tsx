/** Loads the messages page when it is opened, so that the first paint of other pages does not wait for it. */

import { useEffect, useState } from 'preact/hooks'
import type { Tab } from '../../tab.ts'
import type { MessagesRoute } from '../../visit/route.ts'
import { Problem } from '../problem.tsx'
import type { MessagesView } from './messages-view.tsx'

export function LaterMessages(props: { tab: Tab; route: MessagesRoute }) {
  const [View, setView] = useState<typeof MessagesView>()
  const [hasFailed, setFailed] = useState(false)
  useEffect(() => {
    import('./messages-view.tsx').then(
      (loaded) => setView(() => loaded.MessagesView),
      () => setFailed(true),
    )
  }, [])
  if (View) return <View {...props} />
  return (
    <section class="home">
      <h1 tabIndex={-1}>Messages</h1>
      <Problem text={hasFailed ? 'The messages page could not be loaded. Reload it when the gateway is back.' : undefined} />
    </section>
  )
}

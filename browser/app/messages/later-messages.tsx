/** Loads the messages page when it is opened, so that the first paint of other pages does not wait for it. */

import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Tab } from '../../tab.ts'
import type { MessagesRoute } from '../../visit/route.ts'
import type { MessagesViewProps } from './messages-view.tsx'

export function LaterMessages(props: { tab: Tab; route: MessagesRoute }) {
  const [View, setView] = useState<ComponentType<MessagesViewProps>>()
  const [problem, setProblem] = useState(false)
  useEffect(() => {
    import('./messages-view.tsx').then(
      ({ MessagesView }) => setView(() => MessagesView),
      () => setProblem(true),
    )
  }, [])
  if (View) return <View {...props} />
  return (
    <section class="home">
      <h1 tabIndex={-1}>Messages</h1>
      {problem && (
        <p class="problem" role="alert">
          The messages page could not be loaded. Reload it when the gateway is back.
        </p>
      )}
    </section>
  )
}

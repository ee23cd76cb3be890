/** The messages page, loaded when it is first looked at: the first paint of no other page waits for it. */

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
          This part of the app could not be loaded. Reload the page when its node can be reached again.
        </p>
      )}
    </section>
  )
}

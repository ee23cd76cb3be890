/** Loads a page of the app when it is opened, so that the first paint of other pages does not wait for it. */

import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Problem } from './problem.tsx'

interface LaterViewProps<Props> {
  title: string
  load(): Promise<ComponentType<Props>>
  /** For the page, once it is loaded. */
  props: Props
}

export function LaterView<Props extends object>({ title, load, props }: LaterViewProps<Props>) {
  const [View, setView] = useState<ComponentType<Props>>()
  const [hasFailed, setFailed] = useState(false)
  useEffect(() => {
    load().then(
      (loaded) => setView(() => loaded),
      () => setFailed(true),
    )
  }, [])
  if (View) return <View {...props} />
  return (
    <section class="home">
      <h1 tabIndex={-1}>{title}</h1>
      <Problem text={hasFailed ? 'This page could not be loaded. Reload it when the gateway is back.' : undefined} />
    </section>
  )
}

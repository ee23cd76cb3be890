/** The home page: what this is, and the place to make a page. */

import type { Tab } from '../../tab.ts'
import { Composer } from './composer.tsx'

export function HomeView({ tab }: { tab: Tab }) {
  return (
    <section class="home">
      <h1 tabIndex={-1}>A page that lives while somebody looks at it</h1>
      <p class="lead">
        Write something, or drop a file: you get a link at once. Your tab holds the page, and so does everybody who opens it. When the last
        of you leaves, it is gone. No server keeps it.
      </p>
      <Composer tab={tab} />
    </section>
  )
}

/** The home page: an introduction, and the form to make a page. */

import type { Tab } from '../../tab.ts'
import { Composer } from './composer.tsx'

export function HomeView({ tab }: { tab: Tab }) {
  return (
    <section class="home">
      <h1 tabIndex={-1}>A page that lives while somebody looks at it</h1>
      <p class="lead">
        Write something or drop a file, and share its link. Your tab holds the page, and so does every tab that opens it. When the last one
        is closed, the page is gone: no server keeps it.
      </p>
      <Composer tab={tab} />
    </section>
  )
}

/** The head of a page: the name and size of what was sent, or else how many hold it. */

import { countSentence } from '../../words/count-sentence.ts'
import type { ShownPage } from './shown-page.ts'

export function PageTitle({ page: { title, facts, count, held, thing } }: { page: ShownPage }) {
  const counting = (
    <>
      <HolderDots count={count} />
      <span role="status" data-testid="count" data-count={count}>
        {countSentence({ count, mine: held !== undefined }, thing)}
      </span>
    </>
  )
  if (title === undefined) {
    return (
      <h1 class="count-line" tabIndex={-1}>
        {counting}
      </h1>
    )
  }
  return (
    <>
      <h1 class="file-title" tabIndex={-1} data-testid="facts" title={facts?.type}>
        {title.name}
        {title.size && <small>, {title.size}</small>}
      </h1>
      <p class="count">{counting}</p>
    </>
  )
}

/** One dot for each holder, up to a dozen. Hidden from screen readers: the number beside the dots says the same. */
function HolderDots({ count }: { count: number | undefined }) {
  const dots = Math.min(count ?? 0, 12)
  return (
    <span class="dots" aria-hidden="true">
      {dots === 0 ? <i class="dot none" /> : Array.from({ length: dots }, (_, i) => <i key={i} class="dot" />)}
    </span>
  )
}

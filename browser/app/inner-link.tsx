/** A link inside the app: a plain click changes the view without a reload, so the tab keeps what it holds. The browser handles other clicks. */

import type { AnchorHTMLAttributes } from 'preact'
import type { Tab } from '../tab.ts'
import { pathOf, type Route } from '../visit/route.ts'

type Attributes = Pick<AnchorHTMLAttributes, 'class' | 'title' | 'children'>

export function InnerLink({ tab, to, ...attributes }: { tab: Tab; to: Route } & Attributes) {
  const onClick = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    tab.navigation.go(to)
  }
  return <a href={pathOf(to)} onClick={onClick} {...attributes} />
}

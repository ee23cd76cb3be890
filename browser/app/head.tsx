/** The head of every page: the name, and how this tab stands with the network. */

import markUrl from '../mark.svg?url'
import type { Tab } from '../tab.ts'
import { connectionReason, connectionText } from '../words/connection-sentence.ts'
import { InnerLink } from './inner-link.tsx'
import { useCell } from './use-cell.ts'

export function Head({ tab }: { tab: Tab }) {
  const connection = useCell(tab.session.connection)
  return (
    <>
      <InnerLink tab={tab} to={{ view: 'home' }} class="brand" title="mayfly: make a page">
        <img src={markUrl} alt="" width="28" height="28" />
        mayfly
      </InnerLink>
      <p class="connection" role="status" data-testid="connection" data-state={connection.state} title={connectionReason(connection)}>
        {connectionText(connection)}
      </p>
    </>
  )
}

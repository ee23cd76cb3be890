/** The part of the page above its content: what it is, the state of the visit, the buttons, and the link. */

import type { Tab } from '../../tab.ts'
import type { PageVisit } from '../../visit/page-visit.ts'
import { closingSentence, visitSentence } from '../../words/visit-sentence.ts'
import { InnerLink } from '../inner-link.tsx'
import { LinkRow } from '../link-row.tsx'
import { useCell } from '../use-cell.ts'
import { BundleList } from './bundle-list.tsx'
import { ChooseAgain } from './choose-again.tsx'
import { PageActions } from './page-actions.tsx'
import { PageTitle } from './page-title.tsx'
import { useShownPage } from './shown-page.ts'
import { TransferBar } from './transfer-bar.tsx'
import { UploadList } from './upload-list.tsx'

export function PageView({ tab, visit }: { tab: Tab; visit: PageVisit }) {
  const page = useShownPage(tab, visit)
  const { hash, state, held, count, isJoined, bundle, thing } = page
  // A private page is made again with the key in its address only.
  const { secret } = page.route
  const missing = useCell(tab.made.missing).find((made) => made.hash === hash && (!made.sealed || secret !== undefined))
  const madeHere = held?.madeHere ?? false
  const { limits } = tab.session
  return (
    <section class="page-view" aria-label="This page">
      <PageTitle page={page} />
      {!(missing && state === 'gone') && (
        <p class="visit-status" role="status" data-testid="visit-status" data-state={state}>
          {visitSentence(state, { madeHere, limits, count, visitorsHold: page.visitorsHold, thing })}
          {held && closingSentence({ count: page.holders, isJoined, madeHere, thing })}
        </p>
      )}
      {missing && <ChooseAgain tab={tab} page={missing} secret={secret} />}
      {madeHere && <LinkRow link={page.link} title={page.title?.name ?? document.title} />}
      <PageActions tab={tab} visit={visit} page={page} />
      {!held && <TransferBar tab={tab} plan={visit.plan} page={page} />}
      {!madeHere && <LinkRow link={page.link} title={page.title?.name ?? document.title} />}
      <p>
        <InnerLink tab={tab} to={{ view: 'home' }}>
          Make another page
        </InnerLink>
      </p>
      {page.isPrivate && (
        <p class="hint" data-testid="private-hint">
          This link is private: only people with the whole link can read the page.
        </p>
      )}
      {bundle && <BundleList tab={tab} page={page} files={bundle} />}
      {held && page.facts && <UploadList tab={tab} hashes={[hash, ...(held.parts ?? [])]} size={page.bytes} />}
    </section>
  )
}

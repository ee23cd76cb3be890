/** The buttons of the page on screen, each only while it works: save or open it, stop holding it, try again. */

import { rawPathOf } from '../../content/raw-address.ts'
import type { Tab } from '../../tab.ts'
import type { PageVisit } from '../../visit/page-visit.ts'
import { ActionButton } from '../action-button.tsx'
import { CopyButton } from '../copy-button.tsx'
import { useCell } from '../use-cell.ts'
import { SaveButton } from './save-button.tsx'
import type { ShownPage } from './shown-page.ts'

export function PageActions({ tab, visit, page }: { tab: Tab; visit: PageVisit; page: ShownPage }) {
  const { hash, state, held, bundle, facts, route } = page
  const text = useCell(visit.text)
  const canOpen = !page.isPrivate && state !== 'locked' && page.isThere && !bundle && !page.isForSaving && (facts || state === 'shown')
  return (
    <div class="actions">
      {bundle ? <ZipLink page={page} /> : <SaveFile tab={tab} visit={visit} page={page} />}
      {canOpen && (
        <a href={rawPathOf(route)} target="_blank" rel="noopener noreferrer" data-testid="raw">
          Open in a new tab
        </a>
      )}
      {text && <CopyButton text={text} label="Copy the text" shown="Copy the text" />}
      {(state === 'stopped' || state === 'full') && (
        <ActionButton text="Hold it again" data-testid="hold-again" onClick={() => visit.holdAgain()} />
      )}
      {(state === 'unavailable' || state === 'offline') && (
        <ActionButton text="Try again" data-testid="try-again" onClick={() => visit.tryAgain()} />
      )}
      {held && tab.sharing.filesOf(hash) && (
        <ActionButton text="Add more" data-testid="choose-again" onClick={() => tab.chooseAgain(hash)} />
      )}
      {held && <ActionButton text="Stop holding" data-testid="stop" onClick={() => visit.stopHolding()} />}
    </div>
  )
}

/** Saving a large file fetches it from those who hold it, as holding it does; a small one, and a private one, this tab has or fetches itself. */
function SaveFile({ tab, visit, page }: { tab: Tab; visit: PageVisit; page: ShownPage }) {
  const transfer = useCell(tab.transfers.all).get(page.hash)
  const { facts, held, route, isPrivate, state } = page
  if (!facts || held?.madeHere || state === 'locked' || !page.isThere) {
    return page.isForSaving && !page.isThere ? <WaitingSave tab={tab} visit={visit} /> : null
  }
  const isMain = page.title !== undefined
  if (isPrivate || visit.isHere) return <SaveButton visit={visit} size={facts.size} isMain={isMain} />
  if (transfer) return null // its own row shows how far it is
  const { plan } = visit
  if (plan && page.isJoined)
    return (
      <button type="button" class={isMain ? 'main' : 'quiet'} data-testid="save" onClick={() => tab.transfers.save(plan)}>
        Save
      </button>
    )
  return (
    <a href={rawPathOf({ ...route, download: true })} class={isMain ? 'button main' : undefined} data-testid="save">
      Save
    </a>
  )
}

/** Nobody holds the file now: the transfer waits until somebody does. */
function WaitingSave({ tab, visit: { plan } }: { tab: Tab; visit: PageVisit }) {
  const transfer = useCell(tab.transfers.all).get(plan?.hash ?? '')
  if (!plan || transfer) return null
  return <ActionButton text="Save it when somebody holds it again" data-testid="save-later" onClick={() => tab.transfers.save(plan)} />
}

function ZipLink({ page: { hash, route, isPrivate, isThere, held, isSite } }: { page: ShownPage }) {
  if (isPrivate || !isThere) return null
  const isMain = !held?.madeHere && !isSite
  return (
    <a
      href={rawPathOf({ hash, format: 'zip', ...(route.outline && { outline: route.outline }) })}
      class={isMain ? 'button main' : undefined}
      data-testid="zip"
    >
      Save all as a zip file
    </a>
  )
}

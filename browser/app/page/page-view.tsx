/** The part of the page above its content: the count of holders, the state of the visit, the link, and the buttons. */

import { useState } from 'preact/hooks'
import type { BundleFile } from '../../content/bundle-files.ts'
import { isDisplayable } from '../../content/content-kind.ts'
import { rawPathOf } from '../../content/raw-address.ts'
import type { Tab } from '../../tab.ts'
import { sizeText } from '../../text/size-text.ts'
import type { PageVisit } from '../../visit/page-visit.ts'
import { type PageRoute, pathOf } from '../../visit/route.ts'
import { countSentence } from '../../words/count-sentence.ts'
import { visitSentence } from '../../words/visit-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { CopyButton } from '../copy-button.tsx'
import { InnerLink } from '../inner-link.tsx'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'
import { BundleList } from './bundle-list.tsx'
import { TransferBar } from './transfer-bar.tsx'
import { UploadList } from './upload-list.tsx'

export function PageView({ tab, visit }: { tab: Tab; visit: PageVisit }) {
  const { hash } = visit
  const state = useCell(visit.state)
  const held = useCell(tab.holdings.pages).find((page) => page.hash === hash)
  const count = useCell(tab.counts.counts).get(hash)
  const joined = useCell(tab.session.connection).state === 'joined'
  const route: PageRoute = { ...(held?.outline && { outline: held.outline }), ...(held?.name && { name: held.name }), ...visit.route }
  const link = new URL(pathOf(route), location.href).href
  const mine = held !== undefined
  const facts = useCell(visit.facts)
  const bundle = useCell(visit.bundle)
  const isPrivate = route.secret !== undefined
  const isRaw = !isPrivate && state !== 'locked'
  const name = isPrivate ? facts?.name : route.name
  const saveOnly = facts?.type !== undefined && !isDisplayable(facts.type, facts.size)

  return (
    <section class="page-view" aria-label="This page">
      <h1 class="count-line" tabIndex={-1}>
        <HolderDots count={count} />
        <span role="status" data-testid="count" data-count={count}>
          {countSentence({ count, mine })}
        </span>
      </h1>
      <p class="visit-status" role="status" data-testid="visit-status" data-state={state}>
        {visitSentence(state, { madeHere: held?.madeHere ?? false, limits: tab.session.limits })}
        {mine && !joined && ' This tab is not connected now, so others cannot fetch the page from you. It is reconnecting.'}
        {mine && joined && count === 1 && ' When you close this tab, the page is gone.'}
      </p>
      <div class="link-row">
        <label class="visually-hidden" for="page-link">
          Link to this page
        </label>
        <input id="page-link" data-testid="page-link" readonly value={link} onFocus={(event) => event.currentTarget.select()} />
        <CopyButton text={link} label="Copy the link" />
      </div>
      {isPrivate && (
        <p class="hint" data-testid="private-hint">
          This link is private: only people with the whole link can read the page.
        </p>
      )}
      <div class="actions">
        {mine && <ActionButton text="Stop holding" data-testid="stop" onClick={() => visit.stopHolding()} />}
        {(state === 'stopped' || state === 'full') && (
          <ActionButton text="Hold it again" data-testid="hold-again" onClick={() => visit.holdAgain()} />
        )}
        {(state === 'unavailable' || state === 'offline') && (
          <ActionButton text="Try again" data-testid="try-again" onClick={() => visit.tryAgain()} />
        )}
        {isRaw && !bundle && (facts || state === 'shown') && (
          <a href={rawPathOf({ ...route, download: saveOnly })} target="_blank" rel="noopener noreferrer" data-testid="raw">
            {saveOnly ? 'Save the file' : 'Open in a new tab'}
          </a>
        )}
        {isRaw && !bundle && facts && !saveOnly && facts.size > 0 && (
          <a href={rawPathOf({ ...route, download: true })} data-testid="save">
            Save
          </a>
        )}
        {isPrivate && !bundle && facts && <SaveButton visit={visit} />}
        {bundle && tab.sharing.filesOf(hash) && (
          <ActionButton text="Add or remove files" data-testid="choose-again" onClick={() => tab.chooseAgain(hash)} />
        )}
        <InnerLink tab={tab} to={{ view: 'home' }}>
          Make another page
        </InnerLink>
        {facts && (
          <p class="hint" data-testid="facts">
            {name && `${name}, `}
            {sizeText(facts.size)}
            {facts.type && `, ${facts.type.replace(/;.*/, '')}`}
            {saveOnly && '. Browsers cannot show this file in a page. Save it to see it.'}
          </p>
        )}
      </div>
      {!mine && <TransferBar tab={tab} plan={visit.plan} />}
      {bundle && <BundleList tab={tab} address={route} files={bundle} />}
      {mine && facts && (
        <UploadList tab={tab} hashes={[hash, ...(held.parts ?? [])]} size={sizeOfAll(isPrivate ? held.size : facts.size, bundle)} />
      )}
    </section>
  )
}

/** The size of a bundle is the sum of its files and its list. */
function sizeOfAll(size: number, bundle: readonly BundleFile[] | undefined): number {
  const files = new Map(bundle?.map((file) => [file.hash, file.size]))
  return [...files.values()].reduce((sum, fileSize) => sum + fileSize, size)
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

/** Saves private content. This tab decrypts it; the gateway cannot. */
function SaveButton({ visit }: { visit: PageVisit }) {
  const [saving, setSaving] = useState(false)
  const [problem, setProblem] = useState<string>()
  const save = async () => {
    setSaving(true)
    setProblem(undefined)
    try {
      await visit.save?.()
    } catch (error) {
      // The person closed the file dialog.
      const isCancelled = error instanceof DOMException && error.name === 'AbortError'
      if (!isCancelled) setProblem(`The file could not be saved: ${error instanceof Error ? error.message : String(error)}`)
    }
    setSaving(false)
  }
  return (
    <>
      <ActionButton text={saving ? 'Saving…' : 'Save the file'} disabled={saving} data-testid="save-private" onClick={save} />
      <Problem text={problem} />
    </>
  )
}

/** The facts about the page on screen, put together for its views. */

import type { BundleFile } from '../../content/bundle-files.ts'
import { isDisplayable } from '../../content/content-kind.ts'
import type { HeldPage } from '../../holding/held-page-list.ts'
import type { Tab } from '../../tab.ts'
import { harmlessLine } from '../../text/harmless-text.ts'
import { filesText, sizeText } from '../../text/size-text.ts'
import type { PageVisit } from '../../visit/page-visit.ts'
import { type PageRoute, pathOf } from '../../visit/route.ts'
import type { ContentFacts, VisitState } from '../../visit/types.ts'
import type { Thing } from '../../words/thing.ts'
import type { VisitorsHold } from '../../words/visit-sentence.ts'
import { useCell } from '../use-cell.ts'

export interface ShownPage {
  hash: string
  state: VisitState
  route: PageRoute
  link: string
  /** Undefined while this tab does not hold it. */
  held: HeldPage | undefined
  /** People. */
  count: number | undefined
  /** Tabs and nodes. */
  holders: number | undefined
  isJoined: boolean
  isPrivate: boolean
  facts: ContentFacts | undefined
  bundle: readonly BundleFile[] | undefined
  /** A bundle of which a page is on screen. */
  isSite: boolean
  /** A file, or files, rather than a page to read: its name, or what is known instead, and its size. */
  title: { name: string; size: string } | undefined
  /** How sentences call it. */
  thing: Thing
  /** A browser cannot show it. */
  isForSaving: boolean
  /** Somebody, perhaps this tab, can still give it. */
  isThere: boolean
  /** The sum of a bundle's files and its list, or the size of the content, in bytes; 0 while it is unknown. */
  bytes: number
  visitorsHold: VisitorsHold
}

export function useShownPage(tab: Tab, visit: PageVisit): ShownPage {
  const { hash } = visit
  const state = useCell(visit.state)
  const facts = useCell(visit.facts)
  const bundle = useCell(visit.bundle)
  const held = useCell(tab.holdings.pages).find((page) => page.hash === hash)
  const holders = useCell(tab.counts.counts).get(hash)
  const count = useCell(tab.counts.people).get(hash)
  const connection = useCell(tab.session.connection)
  const route: PageRoute = { ...(held?.outline && { outline: held.outline }), ...(held?.name && { name: held.name }), ...visit.route }
  const isPrivate = route.secret !== undefined
  const isForSaving = facts?.type !== undefined && !isDisplayable(facts.type, facts.size)
  const isSite = !isPrivate && bundle !== undefined && (Boolean(route.inside) || bundle.some(({ path }) => path === 'index.html'))
  const title = isSite ? undefined : titleOf(bundle, facts, isPrivate ? facts?.name : route.name, isForSaving)
  const bytes = bytesOf((isPrivate && held?.size) || (facts?.size ?? 0), bundle)
  // A private page opens at https and at localhost alone, so its link stays where it was made.
  const origin = connection.state !== 'joined' ? location.href : isPrivate ? connection.gateway : connection.forOthers
  return {
    hash,
    state,
    route,
    link: new URL(pathOf(route), origin).href,
    held,
    count,
    holders,
    isJoined: connection.state === 'joined',
    isPrivate,
    facts,
    bundle,
    isSite,
    title,
    thing: title === undefined ? 'page' : bundle !== undefined && bundle.length > 1 ? 'files' : 'file',
    isForSaving,
    isThere: held !== undefined || visit.isHere || count !== 0,
    bytes,
    visitorsHold: visitorsHold(bytes, tab.session.limits?.maxPieceBytes, bundle !== undefined || isPrivate),
  }
}

function titleOf(
  bundle: readonly BundleFile[] | undefined,
  facts: ContentFacts | undefined,
  name: string | undefined,
  isForSaving: boolean,
): ShownPage['title'] {
  if (bundle) return { name: filesText(bundle.length), size: sizeText(bytesOf(0, bundle)) }
  if (name === undefined && !isForSaving) return undefined
  return { name: name === undefined ? 'A file' : harmlessLine(name), size: facts ? sizeText(facts.size) : '' }
}

/** Equal files of a bundle are one content. */
function bytesOf(size: number, bundle: readonly BundleFile[] | undefined): number {
  const files = new Map(bundle?.map((file) => [file.hash, file.size]))
  return [...files.values()].reduce((sum, fileSize) => sum + fileSize, size)
}

function visitorsHold(bytes: number, maxPieceBytes: number | undefined, isSavedElsewhere: boolean): VisitorsHold {
  if (maxPieceBytes === undefined || bytes <= maxPieceBytes) return 'by opening'
  return isSavedElsewhere ? 'by choice' : 'by saving'
}

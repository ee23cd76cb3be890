/**
 * Renders the views into the three places that each HTML file has for them. They are separate, because the content's frame is between them,
 * outside the view tree.
 */

import { type ComponentChild, render } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Tab } from '../tab.ts'
import { harmlessLine } from '../text/harmless-text.ts'
import { shortHash } from '../text/short-text.ts'
import { ContentFrame } from '../visit/content-frame.ts'
import { pathOf, type Route } from '../visit/route.ts'
import type { ServedPage } from '../visit/types.ts'
import { ActivityConsole } from './activity-console.tsx'
import { Head, useQuestions, useUnread } from './head.tsx'
import { HeldList } from './held-list.tsx'
import { Composer } from './home/composer.tsx'
import { keepFocus } from './keep-focus.ts'
import { LaterView } from './later-view.tsx'
import { LaterMessages } from './messages/later-messages.tsx'
import { NewerApp } from './newer-app.tsx'
import { LaterAppNote } from './offline/later-app-note.tsx'
import { PageView } from './page/page-view.tsx'
import { LaterCallers } from './people/later-callers.tsx'
import { LaterPeople } from './people/later-people.tsx'
import { useCell } from './use-cell.ts'

/** @param served the page in the document, when the gateway served one */
export function mountTab(served?: ServedPage): void {
  const screen = new ContentFrame(placeOf('frame'))
  const tab = new Tab({ window, store: sessionStorage, screen, load: () => import('../peer/peer-library.ts'), served })
  fill('head', <Head tab={tab} />)
  fill('top', <Top tab={tab} />)
  fill(
    'below',
    <>
      <HeldList tab={tab} />
      <ActivityConsole tab={tab} />
      <LaterAppNote tab={tab} />
      <LaterCallers tab={tab} />
      <NewerApp tab={tab} />
    </>,
  )
  delete document.body.dataset.first // viewer.html: its own heights are for its own text
  refuseStrayDrops()
  keepFocus(document)
  // The first paint is done two frames later; the large part of the code is loaded after it.
  requestAnimationFrame(() => requestAnimationFrame(() => tab.start()))
}

function Top({ tab }: { tab: Tab }) {
  const route = useCell(tab.navigation.route)
  const visit = useCell(tab.navigation.visit)
  const waiting = useUnread(tab) + useQuestions(tab)
  const title = `${waiting === 0 ? '' : `(${waiting}) `}${titleOf(route)}`
  useEffect(() => {
    document.title = title
  }, [title])
  // Keyboard and screen reader continue at the top of a new view. The browser handles the first view.
  const isFirst = useRef(true)
  useEffect(() => {
    if (!isFirst.current) document.querySelector<HTMLElement>('#top h1')?.focus()
    isFirst.current = false
  }, [route])
  if (route.view === 'home') return <HomeView tab={tab} />
  if (route.view === 'messages') return <LaterMessages tab={tab} route={route} />
  if (route.view === 'people') return <LaterPeople tab={tab} route={route} />
  if (route.view === 'receive') return <LaterView key={pathOf(route)} title="Receive" load={loadReceive} props={{ tab, route }} />
  if (route.view === 'share') return <LaterView title="Share" load={() => loadShare(tab)} props={{ tab }} />
  if (route.view === 'boxes') return <LaterView title="Let others send you files" load={loadBoxes} props={{ tab }} />
  if (route.view === 'drop')
    return <LaterView key={route.link} title="Send something" load={() => loadDrop(tab, route.link)} props={{ tab, link: route.link }} />
  return visit ? <PageView key={pathOf(visit.route)} tab={tab} visit={visit} /> : null
}

const loadReceive = () => import('./receive/receive-view.tsx').then(({ ReceiveView }) => ReceiveView)

async function loadShare(tab: Tab) {
  const [{ ShareView }, ownShare] = await Promise.all([import('./share/share-view.tsx'), tab.ownShare.open()])
  return (props: { tab: Tab }) => <ShareView ownShare={ownShare} {...props} />
}

const loadBoxes = () => import('./boxes/boxes-view.tsx').then(({ BoxesView }) => BoxesView)

async function loadDrop(tab: Tab, link: string) {
  const [{ DropView }, visit] = await Promise.all([import('./drop/drop-view.tsx'), tab.drops.open(link)])
  return (props: { tab: Tab; link: string }) => <DropView visit={visit} {...props} />
}

function HomeView({ tab }: { tab: Tab }) {
  return (
    <section class="home">
      <h1 tabIndex={-1}>A page that lives while somebody looks at it</h1>
      <p class="lead">
        Write something or choose files, and share the link. It works as long as your tab is open, or the tab of somebody else who holds it
        too. No server keeps it.
      </p>
      <Composer tab={tab} />
    </section>
  )
}

function titleOf(route: Route): string {
  if (route.view === 'home') return 'mayfly: a page that lives while somebody looks at it'
  if (route.view === 'messages') return 'Messages · mayfly'
  if (route.view === 'people') return 'People · mayfly'
  if (route.view === 'share') return 'Share · mayfly'
  if (route.view === 'receive') return 'Receive · mayfly'
  if (route.view === 'drop') return 'Send something · mayfly'
  if (route.view === 'boxes') return 'Let others send you files · mayfly'
  return `${route.name === undefined ? `Page ${shortHash(route.hash)}` : harmlessLine(route.name)} · mayfly`
}

/** Replaces the part of the document for browsers without script, before the next paint. */
function fill(id: string, view: ComponentChild): void {
  const place = placeOf(id)
  place.replaceChildren()
  render(view, place)
}

function placeOf(id: string): HTMLElement {
  const place = document.getElementById(id)
  if (place === null) throw new TypeError(`The page has no place for its ${id}`)
  return place
}

/** The browser would open a file that is dropped beside its field in this tab, and the tab would lose everything it holds. */
function refuseStrayDrops(): void {
  for (const type of ['dragover', 'drop'] as const) {
    document.addEventListener(type, (event) => {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault()
    })
  }
}

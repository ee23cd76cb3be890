/** The app itself: whether this browser has stored it, what is here without a network, and how to install and remove it. */

import { useEffect, useState } from 'preact/hooks'
import { Cell } from '../../cell.ts'
import { KeptApp } from '../../offline/kept-app.ts'
import { hasWebCrypto } from '../../peer/web-crypto.ts'
import type { Tab } from '../../tab.ts'
import { keptSentence, NOT_CONNECTED, storedSentence } from '../../words/app-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { useCell } from '../use-cell.ts'
import { installOffer } from './install-offer.ts'

const app = new KeptApp({
  location,
  workers: (navigator as Partial<Navigator>).serviceWorker,
  caches: (globalThis as Partial<WindowOrWorkerGlobalScope>).caches,
  locks: (navigator as Partial<Navigator>).locks,
  build: document.documentElement.dataset.build,
})
void app.start()
addEventListener('appinstalled', () => void app.keep().catch(() => {})) // its first start tries again

const NO_MESSAGES = new Cell({ messages: 0 })
const NO_CONTACTS = new Cell<readonly unknown[]>([])

export function AppNote({ tab }: { tab: Tab }) {
  const state = useCell(app.state)
  const route = useCell(tab.navigation.route)
  const connection = useCell(tab.session.connection)
  const isAway = connection.state === 'lost' || (connection.state === 'joining' && connection.reason !== undefined)
  const isShown = route.view === 'home' || state === 'removed' || (app.isHere && isAway)
  if (!isShown) return null
  const sentence = keptSentence(state, !hasWebCrypto())
  return (
    <section class="app-note" aria-labelledby="app-title" data-testid="app-note" data-state={state}>
      <h2 id="app-title">The app</h2>
      {app.isHere && isAway && <p data-testid="not-connected">{NOT_CONNECTED}</p>}
      {sentence ? <p>{sentence}</p> : <HowToStore />}
      {app.isHere && <Stored tab={tab} />}
      <Actions isKept={state === 'kept'} />
    </section>
  )
}

function HowToStore() {
  if ((navigator as Partial<Navigator>).serviceWorker === undefined) return <p>{keptSentence('impossible', !hasWebCrypto())}</p>
  return (
    <p>
      mayfly opens without a network, too, once your browser has stored it:{' '}
      <a href="/app/" target="_blank" rel="noopener">
        open it as an app
      </a>
      .
    </p>
  )
}

function Stored({ tab }: { tab: Tab }) {
  const mailbox = useCell(tab.mail.mailbox)
  const people = useCell(tab.people.people)
  const { messages } = useCell<{ messages: number }>(mailbox?.counts ?? NO_MESSAGES)
  const contacts = useCell<readonly unknown[]>(people?.contacts ?? NO_CONTACTS).length
  const pages = useCell(tab.holdings.pages).filter(({ isPart }) => !isPart).length
  const sentence = storedSentence({ messages, contacts, pages })
  return sentence ? <p data-testid="stored">{sentence}</p> : null
}

function Actions({ isKept }: { isKept: boolean }) {
  const event = useCell(installOffer)
  const [isBusy, setBusy] = useState(false)
  useEffect(() => setBusy(false), [isKept])
  if (event === undefined && !isKept) return null
  return (
    <div class="actions">
      {event && <ActionButton text="Install it" onClick={() => void event.prompt()} data-testid="install" />}
      {isKept && (
        <ActionButton
          text="Remove it from this browser"
          disabled={isBusy}
          onClick={() => {
            setBusy(true)
            app.remove().catch(() => setBusy(false))
          }}
          data-testid="remove-app"
        />
      )}
    </div>
  )
}

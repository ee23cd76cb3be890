/** Offers a reload when the node has a newer app than this page. The node tells its build with each answer about its status. */

import { useState } from 'preact/hooks'
import type { Tab } from '../tab.ts'
import { newerAppSentence } from '../words/app-sentence.ts'
import { ActionButton } from './action-button.tsx'
import { useCell } from './use-cell.ts'

export function NewerApp({ tab }: { tab: Tab }) {
  const served = useCell(tab.session.servedBuild)
  const lost = useCell(tab.holdings.pages).filter(({ isPart, kept }) => !isPart && !kept)
  const [refused, setRefused] = useState<string>()
  const { build } = document.documentElement.dataset
  const isNewer = build !== undefined && served !== undefined && served !== build && served !== refused
  return (
    <div aria-live="polite">
      {isNewer && (
        <section class="newer" aria-label="A newer version" data-testid="newer-app">
          <p>{newerAppSentence(lost.length)}</p>
          <div class="actions">
            <button type="button" onClick={() => location.reload()} data-testid="reload-app">
              Reload
            </button>
            <ActionButton text="Later" onClick={() => setRefused(served)} />
          </div>
        </section>
      )}
    </div>
  )
}

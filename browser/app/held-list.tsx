/** Everything that this tab holds: each with its count of holders and a button to stop. */

import type { Tab } from '../tab.ts'
import { shortHash } from '../text/short-text.ts'
import { filesText, sizeText } from '../text/size-text.ts'
import { countText } from '../words/count-sentence.ts'
import { ActionButton } from './action-button.tsx'
import { InnerLink } from './inner-link.tsx'
import { Problem } from './problem.tsx'
import { useCell } from './use-cell.ts'

export function HeldList({ tab }: { tab: Tab }) {
  const pages = useCell(tab.holdings.pages).filter(({ isPart }) => !isPart)
  const counts = useCell(tab.counts.people)
  const lost = useCell(tab.holdings.lost).filter(({ hash }) => !tab.holdings.has(hash))
  const route = useCell(tab.navigation.route)
  // The page on screen asks for its own files.
  const missing = useCell(tab.made.missing).filter(({ hash }) => !(route.view === 'page' && route.hash === hash))
  if (pages.length === 0 && lost.length === 0 && missing.length === 0) return null
  return (
    <section class="held" aria-labelledby="held-title">
      <h2 id="held-title">{pages.length > 0 ? 'You hold' : 'You held'}</h2>
      <ul data-testid="held">
        {pages.map((page) => {
          const { hash, size, label, kept, parts } = page
          return (
            <li key={hash} data-hash={hash}>
              <InnerLink tab={tab} to={tab.navigation.addressOf(page)} title={hash}>
                {label || 'An empty page'}
              </InnerLink>
              <span class="facts">
                <code>{shortHash(hash)}</code> · {parts ? filesText(parts.length) : sizeText(size)} ·{' '}
                {countText({ count: counts.get(hash), mine: true })}
                {!kept && ' · only until a reload'}
              </span>
              <ActionButton text="Stop" aria-label={`Stop holding ${label || shortHash(hash)}`} onClick={() => tab.holdings.stop(hash)} />
            </li>
          )
        })}
      </ul>
      {missing.map((page) => (
        <p key={page.hash} class="notice" data-testid="missing">
          This tab was reloaded, so it no longer holds {page.sealed ? `a private page (${filesText(page.files)})` : `“${page.label}”`}.{' '}
          {page.sealed && !tab.navigation.isPrivate(page.hash) ? (
            'Open its link again in this tab to choose its files.'
          ) : (
            <InnerLink tab={tab} to={tab.navigation.addressOf(page)}>
              Choose it again
            </InnerLink>
          )}
          <ActionButton text="Forget it" aria-label={`Forget it: ${page.label}`} onClick={() => tab.made.forget(page.hash)} />
        </p>
      ))}
      {lost.map(({ hash, label }) => (
        <Problem
          key={hash}
          testid="lost"
          text={`No longer held: “${label || shortHash(hash)}”. Its file has changed on this device, or is no longer there.`}
        />
      ))}
    </section>
  )
}

/** The page of somebody's share: its list at once, and its entries once the person has pressed Receive. Without a link it asks for one. */

import '../../receive.css'
import { useEffect, useState } from 'preact/hooks'
import type { Sharing } from '../../../node/index.ts'
import { createSocketCarrier, type EarlyShareParts, receiveEarly } from '../../../node/library/early-share.ts'
import { ReceiveVisit, shareOf } from '../../sharing/receive-visit.ts'
import type { Tab } from '../../tab.ts'
import { deviceLabel } from '../../text/device-label.ts'
import { greetedAs, localStore, receiverIdOf } from '../../visit/receiver-id.ts'
import type { ReceiveRoute } from '../../visit/route.ts'
import { isNoLink, openingSentence, PLAIN_HTTP, receiverRuleSentences, shareSentence } from '../../words/receive-sentence.ts'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'
import { CodeForm } from './code-form.tsx'
import { EntryList } from './entry-list.tsx'
import { HelpSwitch } from './help-switch.tsx'
import { PasswordForm } from './password-form.tsx'
import { ReceiveBar } from './receive-bar.tsx'

export function ReceiveView({ tab, route }: { tab: Tab; route: ReceiveRoute }) {
  return (
    <section class="home receive">
      <h1 tabIndex={-1}>Receive</h1>
      {route.link === undefined ? <CodeForm tab={tab} /> : <SharePart tab={tab} link={route.link} />}
    </section>
  )
}

function SharePart({ tab, link }: { tab: Tab; link: string }) {
  const [visit, setVisit] = useState<ReceiveVisit>()
  const [failure, setFailure] = useState<unknown>()
  useEffect(() => {
    const leaving = new AbortController()
    const fail = (error: unknown) => {
      if (error !== undefined) tab.rest.now()
      if (!leaving.signal.aborted) setFailure(error)
    }
    try {
      setVisit(openVisit(tab, link, leaving.signal, fail))
    } catch (error) {
      fail(error)
    }
    return () => leaving.abort()
  }, [link])
  if (visit && (failure === undefined || visit.entries.length > 0))
    return (
      <>
        <Problem text={failure === undefined ? undefined : openingSentence(failure)} testid="opening-problem" />
        <OpenShare tab={tab} visit={visit} />
      </>
    )
  const isWrong = isNoLink(failure)
  return (
    <>
      <ShareState state={failure === undefined ? 'opening' : isWrong ? 'wrong' : 'failed'} text={openingSentence(failure)} />
      {isWrong && <CodeForm tab={tab} />}
    </>
  )
}

/**
 * The list comes by the first stage where there is one, and the peer behind it.
 *
 * @param onFailed hears what prevented the peer from being loaded, which is tried again; undefined: it is loaded
 * @throws {MayflyError} ERR_SHARE_WRONG, ERR_BAD_OPTION: no such link
 */
function openVisit(tab: Tab, link: string, signal: AbortSignal, onFailed: (error: unknown) => void): ReceiveVisit {
  const openSharing = async () => {
    try {
      const sharing = await tab.sharePeer.open()
      onFailed(undefined)
      return sharing
    } catch (error) {
      onFailed(error)
      throw error
    }
  }
  const openCarrier: EarlyShareParts['openCarrier'] = (id, visitor) => createSocketCarrier(location.origin, id, visitor)
  const sharing: Pick<Sharing, 'receive'> = { receive: (link, options = {}) => receiveEarly(link, options, { openCarrier, openSharing }) }
  const share = shareOf(link)
  const receiver = receiverIdOf(localStore(), share, greetedAs(share))
  const browser = { receiver, label: deviceLabel(navigator.userAgent), isMetered: isMetered() }
  const library = () => tab.session.library()
  return new ReceiveVisit({ link, sharing, library, files: () => tab.transfers.openFiles(), store: sessionStorage, ...browser, signal })
}

/** @param isGood what was taken is here, however the share stands */
function ShareState({ state, text, isGood = false }: { state: string; text: string; isGood?: boolean }) {
  const isBad = !isGood && ['wrong', 'failed', 'ended'].includes(state)
  return (
    <p class={isBad ? 'problem' : 'notice'} role="status" aria-live="polite" data-testid="share-state" data-state={state}>
      {text}
    </p>
  )
}

function OpenShare({ tab, visit }: { tab: Tab; visit: ReceiveVisit }) {
  useCell(visit.changed)
  const { received, entries, hasTaken } = visit
  const { state, endCode, helpers, rules } = received
  const { isComplete } = visit.downloads.total()
  const isSought = state === 'looking' || state === 'away'
  useEffect(() => {
    if (isSought) return
    const rest = () => tab.rest.now()
    tab.sharePeer.open().then(rest, rest)
  }, [isSought])
  return (
    <>
      <ShareState
        state={state}
        text={shareSentence({ state, endCode, hasList: entries.length > 0, hasTaken, isComplete, helpers })}
        isGood={hasTaken && isComplete}
      />
      {rules && !hasTaken && state === 'listed' && (
        <div class="hint" data-testid="share-rules">
          {receiverRuleSentences(rules).map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </div>
      )}
      {!isSecureContext && entries.length > 0 && (
        <p class="hint over" data-testid="no-crypto">
          {PLAIN_HTTP}
        </p>
      )}
      {(endCode === 'ERR_SHARE_WRONG' || (state === 'ended' && entries.length === 0)) && <CodeForm tab={tab} />}
      {state === 'password' && <PasswordForm visit={visit} />}
      {entries.length > 0 && (
        <>
          <ReceiveBar visit={visit} host={location.host} />
          <EntryList visit={visit} />
          {hasTaken && <HelpSwitch tab={tab} visit={visit} />}
        </>
      )}
    </>
  )
}

/** Browsers that say it: Chromium's. @see https://wicg.github.io/netinfo/ */
function isMetered(): boolean {
  const { connection } = navigator as { connection?: { saveData?: boolean; type?: string } }
  return connection?.saveData === true || connection?.type === 'cellular'
}

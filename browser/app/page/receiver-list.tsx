/** Whom this tab has given how much of the content on the page. */

import { type Receiver, receiversOf } from '../../activity/receivers.ts'
import type { Tab } from '../../tab.ts'
import { shortPeer } from '../../text/short-text.ts'
import { sizeText } from '../../text/size-text.ts'
import { wayText } from '../../words/way-sentence.ts'
import { useCell } from '../use-cell.ts'

export interface ReceiverListProps {
  tab: Tab
  /** The content, or a bundle and its files. */
  hashes: readonly string[]
  /** Of all of them, in bytes. */
  size: number
}

export function ReceiverList({ tab, hashes, size }: ReceiverListProps) {
  const receivers = receiversOf(useCell(tab.receivers.all), hashes)
  if (receivers.length === 0) return null
  return (
    <section class="receivers" aria-labelledby="receivers-title">
      <h2 id="receivers-title">Given from this tab</h2>
      <ul data-testid="receivers">
        {receivers.map((receiver) => (
          <ReceiverRow key={receiver.peer} receiver={receiver} size={size} />
        ))}
      </ul>
    </section>
  )
}

/** Somebody who takes it twice has more than all of it. */
function ReceiverRow({ receiver: { peer, bytes, isDirect }, size }: { receiver: Receiver; size: number }) {
  return (
    <li class="progress" data-peer={peer} data-bytes={bytes} data-way={isDirect ? 'direct' : 'node'}>
      <code title={peer}>{shortPeer(peer)}</code>
      <progress max={1} value={size === 0 ? 1 : Math.min(1, bytes / size)} aria-label={`Given to ${shortPeer(peer)}`} />
      <span>
        {sizeText(bytes)} of {sizeText(size)}, {wayText(isDirect ? { isDirect } : { isDirect, node: peer })}
      </span>
    </li>
  )
}

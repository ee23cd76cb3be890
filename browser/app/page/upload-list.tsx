/** How much of the content on the page this tab has uploaded to each peer. */

import { uploadsOf } from '../../activity/uploads.ts'
import type { Tab } from '../../tab.ts'
import { shortPeer } from '../../text/short-text.ts'
import { sizeText } from '../../text/size-text.ts'
import { wayText } from '../../words/progress-sentence.ts'
import { useCell } from '../use-cell.ts'

/** @param props.hashes of the content, or of a bundle and its files */
export function UploadList({ tab, hashes, size }: { tab: Tab; hashes: readonly string[]; size: number }) {
  const uploads = uploadsOf(useCell(tab.uploads.all), hashes)
  if (uploads.length === 0) return null
  return (
    <section class="uploads" aria-labelledby="uploads-title">
      <h2 id="uploads-title">Uploaded by this tab</h2>
      <ul data-testid="receivers">
        {uploads.map(({ peer, bytes, isDirect }) => (
          <li key={peer} class="progress" data-peer={peer} data-bytes={bytes} data-way={isDirect ? 'direct' : 'node'}>
            <code title={peer}>{shortPeer(peer)}</code>
            {/* A peer that fetched it twice took more than all of it. */}
            <progress max={1} value={size === 0 ? 1 : Math.min(1, bytes / size)} aria-label={`Uploaded to ${shortPeer(peer)}`} />
            <span>
              {sizeText(bytes)} of {sizeText(size)}, {wayText(isDirect ? { isDirect } : { isDirect, node: peer })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

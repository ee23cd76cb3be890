/** How much of the content on the page this tab has uploaded to each peer. */

import { useEffect, useState } from 'preact/hooks'
import { phaseOf, uploadsOf } from '../../activity/uploads.ts'
import type { Tab } from '../../tab.ts'
import { shortPeer } from '../../text/short-text.ts'
import { sizeText } from '../../text/size-text.ts'
import { wayText } from '../../words/progress-sentence.ts'
import { useCell } from '../use-cell.ts'

const LOOK_MS = 1_000

/** @param props.hashes of the content, or of a bundle and its files */
export function UploadList({ tab, hashes, size }: { tab: Tab; hashes: readonly string[]; size: number }) {
  const uploads = uploadsOf(useCell(tab.uploads.all), hashes)
  const [nowMs, setNowMs] = useState(() => performance.now())
  const rows = uploads.flatMap((upload) => {
    const phase = phaseOf(upload, size, Math.max(nowMs, upload.lastAtMs))
    return phase === undefined ? [] : { ...upload, phase }
  })
  const isReading = rows.some(({ phase }) => phase === 'reading')
  // A row ends when nothing is read any more, which no event tells.
  useEffect(() => {
    if (!isReading) return
    const timer = setInterval(() => setNowMs(performance.now()), LOOK_MS)
    return () => clearInterval(timer)
  }, [isReading])

  if (rows.length === 0) return null
  return (
    <section class="uploads" aria-labelledby="uploads-title">
      <h2 id="uploads-title">Who reads it from you</h2>
      <ul data-testid="receivers">
        {rows.map(({ peer, bytes, isDirect, phase }) => (
          <li key={peer} class="progress" data-peer={peer} data-bytes={bytes} data-phase={phase} data-way={isDirect ? 'direct' : 'node'}>
            <span title={peer}>{isDirect ? 'A visitor, direct' : `Visitors, ${wayText({ isDirect, node: peer })}`}</span>
            {phase === 'reading' && <progress max={1} value={bytes / size} aria-label={`Sent to ${shortPeer(peer)}`} />}
            <span>
              {phase === 'done'
                ? `got all of it (${sizeText(size)})`
                : `${sizeText(bytes)} of ${sizeText(size)}${phase === 'stopped' ? ', not reading now' : ''}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

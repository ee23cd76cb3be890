/** The activity of this tab: the graph of its uploads, and its log, newest line last. It is folded on a phone, where nobody looks for it. */

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { type Traffic, WAVE_SECONDS } from '../activity/traffic.ts'
import type { Tab } from '../tab.ts'
import { sizeText } from '../text/size-text.ts'
import { useCell } from './use-cell.ts'

const WAVE_HEIGHT = 24
/** As wide as two columns below the page. */
const WIDE = '(min-width: 48rem)'

export function ActivityConsole({ tab }: { tab: Tab }) {
  const entries = useCell(tab.activity.entries)
  const list = useRef<HTMLDivElement>(null)
  const [isOpen, setOpen] = useState(() => matchMedia(WIDE).matches)
  useLayoutEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight })
  }, [entries, isOpen])

  return (
    <details class="activity" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)} data-testid="activity">
      <summary>
        <h2>Activity</h2>
      </summary>
      <TrafficWave traffic={tab.traffic} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls: the arrow keys must reach its older lines */}
      <div ref={list} class="console" role="log" aria-label="Log of this tab" aria-live="off" tabIndex={0} data-testid="console">
        <ol>
          {entries.map(({ id, atMs, text, times }) => (
            <li key={id}>
              <time dateTime={new Date(atMs).toISOString()}>{new Date(atMs).toLocaleTimeString()}</time>
              <span>
                {text}
                {times > 1 && ` (${times} times)`}
              </span>
            </li>
          ))}
          {entries.length === 0 && <li class="hint">Nothing yet.</li>}
        </ol>
      </div>
    </details>
  )
}

/** Draws the uploads of this tab in the last minute, and shows the sums. */
function TrafficWave({ traffic }: { traffic: Traffic }) {
  const { times, bytes } = useCell(traffic.totals)
  const [wave, setWave] = useState(() => traffic.wave())
  const moving = wave.some((second) => second > 0)

  // The timer runs only while the graph moves.
  useEffect(() => setWave(traffic.wave()), [traffic, times])
  useEffect(() => {
    if (!moving) return
    const timer = setInterval(() => setWave(traffic.wave()), 1_000)
    return () => clearInterval(timer)
  }, [traffic, moving])

  return (
    <div class="traffic">
      <svg viewBox={`0 0 ${WAVE_SECONDS - 1} ${WAVE_HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <polyline points={wavePoints(wave)} vector-effect="non-scaling-stroke" />
      </svg>
      <p data-testid="served" data-times={times}>
        {times === 0 ? 'Nothing sent to others yet.' : `Sent to others: ${times === 1 ? 'once' : `${times} times`}, ${sizeText(bytes)}.`}
      </p>
    </div>
  )
}

/** The square root keeps a small page visible beside a large one. */
function wavePoints(wave: readonly number[]): string {
  const highest = Math.sqrt(Math.max(1, ...wave))
  return wave.map((bytes, x) => `${x},${(WAVE_HEIGHT - 1 - (Math.sqrt(bytes) / highest) * (WAVE_HEIGHT - 2)).toFixed(1)}`).join(' ')
}

/** The console: what happens in this tab, newest last, with the wave of what it gives to others. */

import { useLayoutEffect, useRef } from 'preact/hooks'
import type { Tab } from '../tab.ts'
import { TrafficWave } from './traffic-wave.tsx'
import { useCell } from './use-cell.ts'

export function ActivityConsole({ tab }: { tab: Tab }) {
  const entries = useCell(tab.activity.entries)
  const list = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight })
  }, [entries])

  return (
    <section class="activity" aria-labelledby="activity-title">
      <h2 id="activity-title">What happens</h2>
      <TrafficWave traffic={tab.traffic} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the arrow keys must reach its older lines */}
      <div ref={list} class="console" role="log" aria-label="What happens in this tab" aria-live="off" tabIndex={0} data-testid="console">
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
    </section>
  )
}

/** The console: the log of this tab, newest line last, with the graph of its uploads. */

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
      <h2 id="activity-title">Activity</h2>
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
    </section>
  )
}

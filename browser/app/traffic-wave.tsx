/** Draws the uploads of this tab in the last minute, and shows the sums. */

import { useEffect, useState } from 'preact/hooks'
import { TRAFFIC_DEFAULTS, type Traffic } from '../activity/traffic.ts'
import { sizeText } from '../text/size-text.ts'
import { useCell } from './use-cell.ts'

const HEIGHT = 24

export function TrafficWave({ traffic }: { traffic: Traffic }) {
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
      <svg viewBox={`0 0 ${TRAFFIC_DEFAULTS.seconds - 1} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
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
  return wave.map((bytes, x) => `${x},${(HEIGHT - 1 - (Math.sqrt(bytes) / highest) * (HEIGHT - 2)).toFixed(1)}`).join(' ')
}

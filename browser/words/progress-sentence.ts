/** Progress of what takes time, and the way of the content, in words. */

import type { Way } from '../activity/sources.ts'
import { shortPeer } from '../text/short-text.ts'
import { sizeText } from '../text/size-text.ts'

/** `12 MiB of 200 MiB (6 %), 3.4 MiB per second, 55 seconds left`. The speed is undefined or 0 while it is unknown. */
export function progressText({ done, total, bytesPerSecond }: { done: number; total: number; bytesPerSecond?: number }): string {
  const share = total === 0 ? 100 : Math.floor((100 * done) / total)
  const sizes = `${sizeText(done)} of ${sizeText(total)} (${share} %)`
  if (!bytesPerSecond) return sizes
  return `${sizes}, ${sizeText(Math.round(bytesPerSecond))} per second, ${timeText((total - done) / bytesPerSecond)} left`
}

/** Rounded: `1 second`, `55 seconds`, `12 minutes`, `3 hours`. */
export function timeText(seconds: number): string {
  const [amount, unit] = seconds < 90 ? [seconds, 'second'] : seconds < 5_400 ? [seconds / 60, 'minute'] : [seconds / 3_600, 'hour']
  const rounded = Math.max(1, Math.round(amount))
  return rounded === 1 ? `1 ${unit}` : `${rounded} ${unit}s`
}

/** How content travels between two tabs, in a word or two. */
export function wayText(way: Way): string {
  return way.isDirect ? 'direct' : `through node ${shortPeer(way.node)}`
}

/** Progress of what takes time, and the way of the content, in words. */

import type { Way } from '../activity/sources.ts'
import { shortPeer } from '../text/short-text.ts'
import { sizeText } from '../text/size-text.ts'

/** Longer than anybody waits, in seconds: the first bytes have come, and say nothing of how fast the others will. */
const UNKNOWN_SECONDS = 360_000

/** `12 MiB of 200 MiB (6 %), 3.4 MiB per second, 55 seconds left`. The speed is undefined or 0 while it is unknown. */
export function progressText({ done, total, bytesPerSecond }: { done: number; total: number; bytesPerSecond?: number }): string {
  const share = total === 0 ? 100 : Math.floor((100 * done) / total)
  const sizes = `${sizeText(done)} of ${sizeText(total)} (${share} %)`
  const left = leftText(total - done, bytesPerSecond)
  return left === undefined ? sizes : `${sizes}, ${sizeText(Math.round(bytesPerSecond ?? 0))} per second, ${left}`
}

/** `55 seconds left`; undefined while it is unknown. */
export function leftText(bytes: number, bytesPerSecond: number | undefined): string | undefined {
  const seconds = bytesPerSecond ? bytes / bytesPerSecond : UNKNOWN_SECONDS
  return seconds < UNKNOWN_SECONDS ? `${timeText(seconds)} left` : undefined
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

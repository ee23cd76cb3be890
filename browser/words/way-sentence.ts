/** How content goes between two tabs, in a word or two. */

import type { Way } from '../activity/givers.ts'
import { shortPeer } from '../text/short-text.ts'

export function wayText(way: Way): string {
  return way.isDirect ? 'direct' : `through node ${shortPeer(way.node)}`
}

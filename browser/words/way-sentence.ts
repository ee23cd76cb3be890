/** How content travels between two tabs, in a word or two. */

import type { Way } from '../activity/sources.ts'
import { shortPeer } from '../text/short-text.ts'

export function wayText(way: Way): string {
  return way.isDirect ? 'direct' : `through node ${shortPeer(way.node)}`
}

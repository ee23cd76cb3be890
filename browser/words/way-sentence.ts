/** How content goes between two tabs, in a word or two. */

import type { Way } from '../givers.ts'
import { shortPeer } from './short-text.ts'

export function wayText(way: Way): string {
  return way.isDirect ? 'direct' : `through node ${shortPeer(way.node)}`
}

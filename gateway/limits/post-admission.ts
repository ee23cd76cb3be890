/** How many messages a client may post: so many a second, and so many that wait at once. */

import type { ClientAddress } from '../../node/index.ts'
import { PROBLEM_NUMBERS } from '../http/problem-numbers.ts'
import type { GatewayLimits } from '../types.ts'
import { createClientQuota } from './client-quota.ts'
import { createRateLimit } from './rate-limit.ts'

/** Returns the function that a post's end calls. @throws {ProblemError} 429 */
export type PostAdmission = (address: ClientAddress) => () => void

export function createPostAdmission(limits: GatewayLimits): PostAdmission {
  const rate = createRateLimit({
    burst: limits.postBurst,
    perSecond: limits.postsPerSecond,
    now: () => performance.now(),
    words: { does: 'posts', things: 'messages' },
    number: PROBLEM_NUMBERS.postRate,
  })
  const open = createClientQuota({
    maxOpen: limits.maxPosts,
    maxOpenPerAddress: limits.maxPostsPerAddress,
    what: 'posts under way',
    number: PROBLEM_NUMBERS.postsUnderWay,
  })
  return (address) => {
    rate.take(address)
    return open.enter(address)
  }
}

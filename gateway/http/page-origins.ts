/**
 * The pages of other origins that may join the overlay here. Browsers let every page open a websocket to every address, and only tell the
 * page's origin. So a site of the web could use its readers' browsers to enter a node that nobody outside their network can reach. A node that
 * can be reached from outside has nothing to protect: whoever may not join by a page joins by a program.
 */

import { isPrivateIp } from '@libp2p/utils'
import { type Access, type AccessOptions, isNamedOrigin, type Sent } from './access.ts'
import { findProxySign } from './proxy-sign.ts'

/** Names that nobody can register, so that no site of the web has one. @see https://www.iana.org/assignments/special-use-domain-names */
const NEAR_NAME = /^[^.]+$|\.(?:localhost|local|internal|test|home\.arpa|lan)$/

/** The refusal in words. */
export function originRefusal(origin: string): string {
  return `Pages of ${origin} may not join here. The operator of this node can allow them: mayfly start --allow-origin ${origin}`
}

/**
 * Finds the origin of a page that may not join; undefined for programs, our own pages, and those that are allowed. Where the operator names
 * no origin, only a page of the web that comes from within a private network, to a node without a public URL, may not.
 */
export function findRefusedOrigin(
  incoming: Sent,
  access: Pick<Access, 'isForeignPage' | 'isPublic'>,
  { allowedOrigins = [] }: AccessOptions,
): string | undefined {
  const origin = incoming.request.headers.get('origin')
  if (origin === null || !access.isForeignPage(incoming)) return undefined
  if (allowedOrigins.length > 0) return isNamedOrigin(origin, allowedOrigins) ? undefined : origin
  if (access.isPublic || isNearOrigin(origin) || !isNear(incoming.client.address?.ip ?? '')) return undefined
  return findProxySign(incoming) === undefined ? origin : undefined
}

/** An origin of this machine or of its network. A sandboxed page, also one of a stranger's site, has the origin `null`. */
function isNearOrigin(origin: string): boolean {
  const name = URL.canParse(origin) ? new URL(origin).hostname.replace(/^\[|\]$/g, '') : ''
  return name !== '' && (isNear(name) || (!name.includes(':') && NEAR_NAME.test(name)))
}

function isNear(ip: string): boolean {
  return isPrivateIp(ip) === true
}

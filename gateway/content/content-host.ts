/**
 * The site of held pages: where the operator names one, a browser gets each page from an origin of its own there,
 * `<base32 of the hash>.<host>`. Then strangers' pages share no process, connection or cookie with the app, nor with one another, on top of
 * the sandbox that they have everywhere.
 */

import { decodeKeyHex, encodeKeyBase32 } from '../../node/index.ts'
import type { ContentAddress } from '../http/address.ts'
import { isNavigation, isShown, NAVIGATION_HEADERS } from '../http/navigation.ts'
import { problemError } from '../http/problem.ts'
import type { GatewayRequest } from '../types.ts'

/** @throws TypeError, when it is no URL. @param url the origin in front of whose host each page's label stands */
export function createContentHost(url: string) {
  const { protocol, host } = new URL(url)

  return {
    /** All its origins, in a policy. */
    source: `${protocol}//*.${host}`,
    /**
     * The way to the page's own origin, for a browser that would show it elsewhere; undefined where the request is in place.
     *
     * @throws {ProblemError} 404, at this site for all that is no held page: nothing of the app or the API is there
     */
    redirect(address: ContentAddress | null, { request: { headers }, path, query }: GatewayRequest): Response | undefined {
      const asked = headers.get('host')?.toLowerCase() ?? ''
      const isHere = asked === host || asked.endsWith(`.${host}`)
      if (isHere && !address?.raw) throw problemError(404, 'ERR_NOT_FOUND', 'This host has nothing but held pages.')
      if (address === null) return undefined
      const own = `${encodeKeyBase32(decodeKeyHex(address.hash))}.${host}`
      const showsBytes = isShown(headers) && (address.raw || !isNavigation(headers))
      if (asked === own || !(isHere || showsBytes)) return undefined
      const search = query.size === 0 ? '' : `?${query}`
      const location = `${protocol}//${own}${path.replace(/^\/(?:raw\/)?/, '/raw/')}${search}`
      return new Response(null, {
        status: 307,
        headers: { location, 'cache-control': 'no-store', vary: NAVIGATION_HEADERS, 'access-control-allow-origin': '*' },
      })
    },
  }
}

/**
 * Access control: which requests may change something here, or read what is the owner's. A browser on this machine sends requests for every
 * page that it shows, and a held page is a stranger's. So the address of the socket alone proves nothing: Host, Origin and Sec-Fetch-Site
 * must agree with it.
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import { parseClientAddress } from '../../node/index.ts'
import type { Client } from '../types.ts'
import { type ProblemError, problemError } from './problem.ts'
import { findProxySign } from './proxy-sign.ts'

/** The request to judge, as the handlers see it. */
export interface Sent {
  request: Pick<Request, 'headers'>
  client: Client
}

export interface AccessOptions {
  publicUrl?: string | undefined
  /** Read at each use, so it may change. */
  readonly token?: string | undefined
  /** Origins of pages that may do what anybody may; `*` for all. Read at each use. */
  readonly allowedOrigins?: readonly string[] | undefined
}

/** The scheme of HTTP authentication that a 401 names: programs send a Bearer token, and `Basic` makes a browser ask its user. */
type Scheme = 'Bearer' | 'Basic'

interface HostName {
  /** Lower case; an IPv6 address in brackets. */
  name: string
  /** With its port, as sent. */
  authority: string
}

const LOCAL_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** True for a URL that leads to this machine, wherever it is opened. */
export function isLocalUrl(url: string): boolean {
  return LOCAL_NAMES.has(new URL(url).hostname)
}

/** True for an origin that the operator names. @param allowed origins, `null` for pages without one, or `*` for all */
export function isNamedOrigin(origin: string, allowed: readonly string[]): boolean {
  return allowed.includes('*') || allowed.includes(origin)
}

export type Access = ReturnType<typeof createAccess>

export function createAccess(options: AccessOptions) {
  const publicUrl = options.publicUrl === undefined ? null : new URL(options.publicUrl)

  function requireOwnHost({ request, client }: Sent): HostName {
    const host = parseHost(request.headers.get('host'))
    // After DNS rebinding, Host is the rebound name.
    if (host === null || !isOurHost(host, client))
      throw forbidden('The Host of the request is not a name of this node. Behind a proxy, --public-url sets it.')
    return host
  }

  function requireHereOrToken(incoming: Sent, scheme: Scheme): void {
    const authorization = incoming.request.headers.get('authorization')
    if (authorization !== null) {
      if (isToken(authorization)) return
      throw unauthorized('That is not the token of this node.', scheme)
    }
    const fault = findOwnerFault(incoming)
    if (fault === undefined) return
    if (options.token !== undefined) throw unauthorized(fault, scheme)
    throw problemError(403, 'ERR_FORBIDDEN', fault, { advice: 'The operator can allow it to others by starting the node with --token.' })
  }

  function isOurHost(host: HostName, client: Client): boolean {
    if (LOCAL_NAMES.has(host.name) || host.name === publicUrl?.hostname) return true
    const bound = parseClientAddress(client.localAddress ?? '')?.ip
    return bound !== undefined && host.name === (bound.includes(':') ? `[${bound}]` : bound)
  }

  /** Rejects every page but the app itself. A sandboxed page has the origin `null`. */
  function requireOwnPage({ request: { headers } }: Sent, host: HostName, advice?: string): void {
    const origin = headers.get('origin')
    if (origin !== null && !isOwnOrigin(origin, host)) throw forbidden('Pages of other origins may not do that.', advice)
    const site = headers.get('sec-fetch-site')
    if (site !== null && site !== 'same-origin' && site !== 'none') throw forbidden('Pages of other origins may not do that.', advice)
  }

  function isAllowedPage({ request: { headers } }: Sent): boolean {
    const origin = headers.get('origin')
    return origin !== null && isNamedOrigin(origin, options.allowedOrigins ?? [])
  }

  function isOwnOrigin(origin: string, host: HostName): boolean {
    if (origin === publicUrl?.origin) return true
    return origin === `http://${host.authority}` || origin === `https://${host.authority}`
  }

  function isToken(authorization: string): boolean {
    const given = /^Bearer +([^\s]+)$/i.exec(authorization)?.[1] ?? basicPassword(authorization)
    return options.token !== undefined && given !== undefined && timingSafeEqual(digest(given), digest(options.token))
  }

  /** Why a request is not known to be this machine's own. A proxy here makes every client look local: a sign of it, or a public URL, counts. */
  function findOwnerFault(incoming: Sent): string | undefined {
    const { address, isTrustedProxy } = incoming.client
    if (address?.isLocal !== true && isTrustedProxy !== true) return 'Without a token only this machine may do that.'
    const sign = findProxySign(incoming)
    if (sign !== undefined) return `Without a token only this machine may do that, and this request came through a proxy: ${sign}.`
    if (isPublic(options.publicUrl))
      return 'Without a token nobody may do that here: the node has a public URL, so each request may be a stranger’s.'
    return undefined
  }

  /**
   * True when a page of another origin would read the answer: a page that says so by Origin, or one whose name was rebound to this machine
   * (DNS rebinding; only such a page asks here under a Host that is not ours). Programs and our own pages are not foreign.
   */
  function isForeignPage({ request: { headers }, client }: Sent): boolean {
    const host = parseHost(headers.get('host'))
    if (host === null) return true
    const origin = headers.get('origin')
    if (origin !== null && !isOwnOrigin(origin, host)) return true
    const isLocal = client.isTrustedProxy === true ? !headers.has('x-forwarded-for') : client.address?.isLocal === true
    return isLocal && !isOurHost(host, client)
  }

  return {
    isForeignPage,
    /** True for a node with a public URL: people of anywhere come to it. */
    isPublic: isPublic(options.publicUrl),
    /**
     * Allows this machine and clients with the token.
     *
     * @throws {ProblemError} 401, 403
     */
    requireOwner(incoming: Sent): void {
      requireOwnPage(incoming, requireOwnHost(incoming))
      requireHereOrToken(incoming, 'Bearer')
    },
    /**
     * The same for a page of the owner's. Links of other pages may lead to it, since those pages can neither read nor frame the answer. A
     * browser asks its user for the token, as the password.
     *
     * @throws {ProblemError} 401, 403
     */
    requireOwnerNavigation(incoming: Sent): void {
      const { headers } = incoming.request
      const host = requireOwnHost(incoming)
      const isNavigation = headers.get('sec-fetch-mode') === 'navigate' && headers.get('sec-fetch-dest') === 'document'
      if (!isNavigation) requireOwnPage(incoming, host)
      requireHereOrToken(incoming, 'Basic')
    },
    /**
     * Allows requests without Origin and Sec-Fetch-Site (programs), same-origin requests, and pages of the origins that the operator allows.
     * Rejects all other pages (CSRF).
     *
     * @throws {ProblemError} 403
     */
    requireNoForeignPage(incoming: Sent): void {
      if (isAllowedPage(incoming)) return
      const host = parseHost(incoming.request.headers.get('host'))
      if (host !== null) requireOwnPage(incoming, host, adviceFor(incoming))
      if (isForeignPage(incoming)) {
        throw forbidden(
          'Pages of other origins may not do that, nor requests under a name that is not this node’s (--public-url sets it).',
          adviceFor(incoming),
        )
      }
    },
    /** Lets a page of an origin that is allowed read the answer, and send what CORS asks about first. */
    shareWith(incoming: Sent, answer: Response): Response {
      const origin = incoming.request.headers.get('origin')
      answer.headers.append('vary', 'Origin')
      if (origin === null || !isAllowedPage(incoming)) return answer
      answer.headers.set('access-control-allow-origin', origin)
      answer.headers.set('access-control-expose-headers', '*')
      answer.headers.set('access-control-allow-methods', answer.headers.get('allow') ?? 'GET, HEAD, POST, OPTIONS')
      answer.headers.set('access-control-allow-headers', 'Accept, Content-Type')
      return answer
    },
    /** The Host of the request, when it is a name of this gateway; any other is only the client's claim. */
    ownHost({ request, client }: Sent): string | undefined {
      const host = parseHost(request.headers.get('host'))
      return host !== null && isOurHost(host, client) ? host.authority : undefined
    },
  }
}

function isPublic(publicUrl: string | undefined): boolean {
  return publicUrl !== undefined && !isLocalUrl(publicUrl)
}

/** The requests that count as the owner's, in words: those may read the inbox and the metrics, hold and release content. */
export function describeOwner(options: { publicUrl?: string | undefined; token?: string | undefined; trustProxy?: boolean }): string {
  const direct = options.trustProxy || isPublic(options.publicUrl) ? [] : ['requests of this machine that show no sign of a proxy']
  const byToken = options.token === undefined ? [] : ['requests with the token']
  return [...direct, ...byToken].join(', and ') || 'none (--token allows those that send it)'
}

/** Parses a Host header; null for any other text. */
function parseHost(header: string | null): HostName | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/.exec(header?.toLowerCase() ?? '')
  if (match === null) return null
  const [authority, name = ''] = match
  return { name, authority }
}

/** The password of HTTP's Basic scheme, in which browsers send the token. They repeat it by themselves, so Origin is checked as well. */
function basicPassword(authorization: string): string | undefined {
  const encoded = /^Basic +([a-z0-9+/=]+)$/i.exec(authorization)?.[1]
  return encoded === undefined ? undefined : /^[^:]*:(.+)$/s.exec(Buffer.from(encoded, 'base64').toString())?.[1]
}

/** Tokens are compared by digest, in constant time. */
function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest()
}

function forbidden(message: string, advice?: string): ProblemError {
  return problemError(403, 'ERR_FORBIDDEN', message, advice === undefined ? {} : { advice })
}

/** Tells the flag with which the operator allows a page what anybody may. */
function adviceFor({ request: { headers } }: Sent): string | undefined {
  const origin = headers.get('origin')
  return origin === null ? undefined : `The operator of this node can allow it: mayfly start --allow-origin ${origin}`
}

function unauthorized(message: string, scheme: Scheme): ProblemError {
  return problemError(401, 'ERR_UNAUTHORIZED', message, {
    advice: 'Send it as "Authorization: Bearer TOKEN". In a browser it is the password, with any name.',
    headers: { 'www-authenticate': `${scheme} realm="mayfly"` },
  })
}

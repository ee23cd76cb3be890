/**
 * Who may change something here. A browser on this machine sends requests for any page that it shows, and a held page is a
 * stranger's, so the address of the socket alone proves nothing: Host, Origin and Sec-Fetch-Site must agree with it.
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import { parseClientAddress } from '../../node/index.ts'
import type { Client } from '../types.ts'
import { ProblemError } from './problem.ts'

export interface AccessOptions {
  publicUrl?: string
  token?: string
}

/** What an answer that asks for the token says about how to send it: programs choose a header, browsers ask their user. */
type Scheme = 'Bearer' | 'Basic'

interface HostName {
  /** Lower case; an IPv6 address in brackets. */
  name: string
  /** With its port, as sent. */
  authority: string
}

const LOCAL_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])
/** Present when a proxy stands between: the client is then not who the socket says. */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via']

export class Access {
  readonly #publicUrl: URL | null
  readonly #tokenDigest: Uint8Array | null

  constructor(options: AccessOptions) {
    this.#publicUrl = options.publicUrl === undefined ? null : new URL(options.publicUrl)
    this.#tokenDigest = options.token === undefined ? null : digest(options.token)
  }

  /** @throws {ProblemError} 401, 403 */
  requireOwner(headers: Headers, client: Client): void {
    this.#requireOwnPage(headers, this.#requireOwnHost(headers, client))
    this.#requireHereOrToken(headers, client, 'Bearer')
  }

  /**
   * The same for a page of the owner's: one may go to it by a link of any page, since nobody else can read or frame what is then shown.
   * A browser asks its user for the token, as the password.
   *
   * @throws {ProblemError} 401, 403
   */
  requireOwnerNavigation(headers: Headers, client: Client): void {
    const host = this.#requireOwnHost(headers, client)
    const isGoingThere = headers.get('sec-fetch-mode') === 'navigate' && headers.get('sec-fetch-dest') === 'document'
    if (!isGoingThere) this.#requireOwnPage(headers, host)
    this.#requireHereOrToken(headers, client, 'Basic')
  }

  /**
   * What anybody may do, and no page of another origin in its visitor's name: programs, which send neither Origin nor Sec-Fetch-Site, and
   * our own pages.
   *
   * @throws {ProblemError} 403
   */
  requireNoForeignPage(headers: Headers, client: Client): void {
    const host = parseHost(headers.get('host'))
    if (host !== null) this.#requireOwnPage(headers, host)
    if (this.isForeignPage(headers, client)) throw forbidden('Pages of other origins may not do that.')
  }

  /** The name under which a client reached this gateway, when it is one of ours and not merely what the client says. */
  ownHost(headers: Headers, client: Client): string | undefined {
    const host = parseHost(headers.get('host'))
    return host !== null && this.#isOurHost(host, client) ? host.authority : undefined
  }

  /**
   * True when the answer would be read by a page of another origin: one that says so, or one whose name was rebound to this machine
   * (only such a page asks here under a name that is not ours). Programs and our own pages are not foreign.
   */
  isForeignPage(headers: Headers, client: Client): boolean {
    const host = parseHost(headers.get('host'))
    if (host === null) return true
    const origin = headers.get('origin')
    if (origin !== null && !this.#isOwnOrigin(origin, host)) return true
    return client.address?.isLocal === true && !this.#isOurHost(host, client)
  }

  #requireOwnHost(headers: Headers, client: Client): HostName {
    const host = parseHost(headers.get('host'))
    // A name that was rebound to this machine reaches us with that name in Host.
    if (host === null || !this.#isOurHost(host, client)) throw forbidden('The Host of the request is not a name of this node.')
    return host
  }

  #requireHereOrToken(headers: Headers, client: Client, scheme: Scheme): void {
    const authorization = headers.get('authorization')
    if (authorization === null ? this.#isThisMachine(headers, client) : this.#isToken(authorization)) return
    if (authorization !== null) throw unauthorized('That is not the token of this node.', scheme)
    if (this.#tokenDigest !== null) throw unauthorized('Only this machine may do that without the token of this node.', scheme)
    throw forbidden('Only this machine may do that. The operator can allow others by starting the node with a token.')
  }

  #isOurHost(host: HostName, client: Client): boolean {
    if (LOCAL_NAMES.has(host.name) || host.name === this.#publicUrl?.hostname) return true
    const bound = parseClientAddress(client.localAddress ?? '')?.ip
    return bound !== undefined && host.name === (bound.includes(':') ? `[${bound}]` : bound)
  }

  /** A page that a browser shows may do this only when it is the app itself. A sandboxed page has the origin `null`. */
  #requireOwnPage(headers: Headers, host: HostName): void {
    const origin = headers.get('origin')
    if (origin !== null && !this.#isOwnOrigin(origin, host)) throw forbidden('Pages of other origins may not do that.')
    const site = headers.get('sec-fetch-site')
    if (site !== null && site !== 'same-origin' && site !== 'none') throw forbidden('Pages of other origins may not do that.')
  }

  #isOwnOrigin(origin: string, host: HostName): boolean {
    if (origin === this.#publicUrl?.origin) return true
    return origin === `http://${host.authority}` || origin === `https://${host.authority}`
  }

  #isToken(authorization: string): boolean {
    const given = /^Bearer +([^\s]+)$/i.exec(authorization)?.[1] ?? basicPassword(authorization)
    return this.#tokenDigest !== null && given !== undefined && timingSafeEqual(digest(given), this.#tokenDigest)
  }

  /** Behind a proxy on this machine everybody would seem to be here; a public URL says that there is one. */
  #isThisMachine(headers: Headers, client: Client): boolean {
    if (client.address?.isLocal !== true) return false
    if (this.#publicUrl !== null && !LOCAL_NAMES.has(this.#publicUrl.hostname)) return false
    return !PROXY_HEADERS.some((name) => headers.has(name))
  }
}

/** Takes a Host header apart; null for what is none. */
function parseHost(header: string | null): HostName | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/.exec(header?.toLowerCase() ?? '')
  if (match === null) return null
  const [authority, name = ''] = match
  return { name, authority }
}

/** Of HTTP's Basic scheme, which is how a browser can send the token. Whatever it sends by itself is held against Origin as well. */
function basicPassword(authorization: string): string | undefined {
  const encoded = /^Basic +([a-z0-9+/=]+)$/i.exec(authorization)?.[1]
  return encoded === undefined ? undefined : /^[^:]*:(.+)$/s.exec(Buffer.from(encoded, 'base64').toString())?.[1]
}

/** Two digests take the same time to compare, whatever was sent. */
function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest()
}

function forbidden(message: string): ProblemError {
  return new ProblemError({ status: 403, code: 'ERR_FORBIDDEN', message })
}

function unauthorized(message: string, scheme: Scheme): ProblemError {
  return new ProblemError({
    status: 401,
    code: 'ERR_UNAUTHORIZED',
    message,
    advice: 'Send it as "Authorization: Bearer TOKEN". In a browser it is the password, with any name.',
    headers: { 'www-authenticate': `${scheme} realm="mayfly"` },
  })
}

/** Routes: which view an address of this site stands for. Pure; history and rendering are left to others. */

import { joinLink, splitLink } from '../../node/keys/link-form.ts'
import { encodePath } from '../../node/keys/link-path.ts'
import type { ContentAddress } from '../content/raw-address.ts'
import { type AddLink, fragmentOf, readAddFragment } from './add-link.ts'

export interface PageRoute extends ContentAddress {
  view: 'page'
  /** The key of private content, as it stands behind `#k=` in the link; perhaps not whole. It never leaves this tab. */
  secret?: string
}

/** The form of a hashname; it is validated where it is used. */
export const HASHNAME = /^[a-z2-7]{52}$/

export interface MessagesRoute {
  view: 'messages'
  /** The end that the next message is for, according to a link: `#name` or a hashname, not validated. */
  to?: string
}

export interface PeopleRoute {
  view: 'people'
  /** Of a link that adds somebody, or this browser to an account. Its token stands behind `#` and never leaves this tab. */
  add?: AddLink
}

/** `link` is a path and its fragment, `/s/<id>#<secret>`, not validated; without one, the page asks for a link or a code. Its secret never leaves this tab. */
export interface ReceiveRoute {
  view: 'receive'
  link?: string
}

/** A drop box of somebody's: `link` is a path and its fragment, `/d/<id>#<secret>`, not validated. Its secret never leaves this tab. */
export interface DropRoute {
  view: 'drop'
  link: string
}

export type Route =
  | { view: 'home' }
  | { view: 'share' }
  | { view: 'boxes' }
  | PageRoute
  | MessagesRoute
  | PeopleRoute
  | ReceiveRoute
  | DropRoute

const TO_PATH = /^\/to\/([^/]+)$/
const HASH = /^[0-9a-f]{64}$/
const SHARE_PATH = /^\/s\/[^/]+$/
const BOX_PATH = /^\/d\/[^/]+$/

export function routeOf(pathname: string, search = '', fragment = ''): Route {
  const add = pathname === '/' || pathname === '/people' ? readAddFragment(fragment) : undefined
  if (add !== undefined) return { view: 'people', add }
  if (pathname === '/people') return { view: 'people' }
  if (pathname === '/messages') return { view: 'messages' }
  if (pathname === '/share') return { view: 'share' }
  if (pathname === '/boxes') return { view: 'boxes' }
  if (pathname === '/s') return { view: 'receive' }
  if (SHARE_PATH.test(pathname)) return { view: 'receive', link: pathname + fragment }
  if (BOX_PATH.test(pathname)) return { view: 'drop', link: pathname + fragment }
  const [, end] = TO_PATH.exec(pathname) ?? []
  if (end !== undefined) return { view: 'messages', to: endOfPart(decodePart(end)) }
  const { place, name: hash = '', inside, outline, filename: name, secret } = splitLink({ pathname, search, hash: fragment }) ?? {}
  if (place !== undefined || !HASH.test(hash)) return { view: 'home' }
  return {
    view: 'page',
    hash,
    ...(outline !== undefined && HASH.test(outline) && { outline }),
    ...(inside !== undefined && { inside: inside.split('/').map(decodePart).join('/') }),
    ...(name !== undefined && { name }),
    ...(secret !== undefined && { secret }),
  }
}

/** The app that a browser keeps has all of its views under one path; see `offline/`. */
export function prefixOf(pathname: string): '' | '/app' {
  return pathname.startsWith('/app/') ? '/app' : ''
}

const ANY_SITE = 'http://any.invalid'

/** The page that a link in a stranger's message names by its path; undefined for any other link. */
export function routeOfLink(link: string): PageRoute | undefined {
  if (!URL.canParse(link, ANY_SITE)) return undefined
  const url = new URL(link, ANY_SITE)
  if (url.origin !== ANY_SITE) return undefined
  const route = routeOf(url.pathname, url.search, url.hash)
  return route.view === 'page' ? route : undefined
}

/** The end that a link to the composer names; undefined for any other link. */
export function endOfLink(text: string): string | undefined {
  const [, part] = /^https?:\/\/[^/]+\/to\/([^/?#]+)$/.exec(text) ?? []
  return part === undefined ? undefined : endOfPart(decodePart(part))
}

/** The path for the address bar and for links. It may contain a key, after `#`: requests to a gateway use `rawPathOf`. */
export function pathOf(route: Route): string {
  if (route.view === 'home') return '/'
  if (route.view === 'people') return route.add === undefined ? '/people' : `/${fragmentOf(route.add)}`
  if (route.view === 'share') return '/share'
  if (route.view === 'boxes') return '/boxes'
  if (route.view === 'receive') return route.link ?? '/s'
  if (route.view === 'drop') return route.link
  if (route.view === 'messages') return route.to === undefined ? '/messages' : `/to/${encodeURIComponent(route.to)}`
  const { hash, inside, name, ...carried } = route
  return joinLink({
    ...carried,
    name: hash,
    ...(inside !== undefined && { inside: encodePath(inside) }),
    ...(name !== undefined && { filename: name }),
  })
}

/** A link may omit the # of an open end. */
function endOfPart(text: string): string {
  return text.startsWith('#') || HASHNAME.test(text) ? text : `#${text}`
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

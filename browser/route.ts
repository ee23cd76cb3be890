/** Which view an address of this site stands for. Pure: history and rendering are left to `tab.ts`. */

export interface PageRoute {
  view: 'page'
  hash: string
  /** The SHA-256 of the content's outline, in hex: with it the gateway can begin anywhere, and check every byte first. */
  outline?: string
  /** A path inside a bundle, decoded; empty for its beginning. */
  inside?: string
  /** What the giver of the link calls the content. Nobody has checked it. */
  name?: string
}

export type Route = { view: 'home' } | PageRoute

/** The gateway parses strictly and answers everything else itself, so only its own forms arrive here. */
const PAGE_PATH = /^\/([0-9a-f]{64})(?:\/(.*))?$/
const HASH = /^[0-9a-f]{64}$/

export function routeOf(pathname: string, search = ''): Route {
  const [, hash, inside] = PAGE_PATH.exec(pathname) ?? []
  if (hash === undefined) return { view: 'home' }
  const query = new URLSearchParams(search)
  const outline = query.get('o') ?? ''
  const name = query.get('filename') ?? ''
  return {
    view: 'page',
    hash,
    ...(HASH.test(outline) && { outline }),
    ...(inside !== undefined && { inside: inside.split('/').map(decodePart).join('/') }),
    ...(name !== '' && { name }),
  }
}

export function pathOf(route: Route): string {
  return route.view === 'home' ? '/' : `/${contentPath(route)}${queryOf({ o: route.outline, filename: route.name })}`
}

export interface RawWish extends Omit<PageRoute, 'view'> {
  /** To be saved, not shown. */
  download?: boolean
  /** All files of a bundle in one. */
  format?: 'zip'
}

/** Where the bytes themselves are, whoever asks. */
export function rawPathOf(wish: RawWish): string {
  const { outline, name, download, format } = wish
  return `/raw/${contentPath(wish)}${queryOf({ o: outline, download: download ? '1' : undefined, filename: download ? name : undefined, format })}`
}

function contentPath({ hash, inside }: Omit<PageRoute, 'view'>): string {
  return inside === undefined ? hash : `${hash}/${inside.split('/').map(encodeURIComponent).join('/')}`
}

function queryOf(parameters: Record<string, string | undefined>): string {
  const given = Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
  return given.length === 0 ? '' : `?${given.join('&')}`
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** Which view an address of this site stands for. Pure: history and rendering are left to `tab.ts`. */

export type Route = { view: 'home' } | { view: 'page'; hash: string }

/** The gateway parses strictly and answers everything else itself, so only its own two forms arrive here. */
const PAGE_PATH = /^\/([0-9a-f]{64})$/

export function routeOf(pathname: string): Route {
  const hash = PAGE_PATH.exec(pathname)?.[1]
  return hash === undefined ? { view: 'home' } : { view: 'page', hash }
}

export function pathOf(route: Route): string {
  return route.view === 'home' ? '/' : `/${route.hash}`
}

/** Where the bytes themselves are, whoever asks. */
export function rawPathOf(hash: string): string {
  return `/raw/${hash}`
}

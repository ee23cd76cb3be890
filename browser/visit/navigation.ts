/** Navigation inside the app: the route of the address bar, the browser's history, and the visit to the page on screen. */

import { Cell } from '../cell.ts'
import type { HeldPage } from '../holding/held-page-list.ts'
import type { PageVisit, PageVisitOptions } from './page-visit.ts'
import { PrivateVisit } from './private-visit.ts'
import { PublicVisit } from './public-visit.ts'
import { type PageRoute, pathOf, prefixOf, type Route, routeOf } from './route.ts'
import type { ServedPage } from './types.ts'

interface NavigationOptions {
  window: Window
  parts: Omit<PageVisitOptions, 'route' | 'served'>
  /** The page in the document, when the gateway served one. */
  served?: ServedPage | undefined
  /** Called when the gateway sent bytes that are not the page. */
  onWrong(hash: string): void
}

export class Navigation {
  readonly #options: NavigationOptions
  readonly route: Cell<Route>
  /** The visit to the page on screen; undefined in other views. */
  readonly visit: Cell<PageVisit | undefined>
  /** The keys of private pages, by hash; in memory only. Bounded by the links that a person opens in one tab. */
  readonly #secrets = new Map<string, string>()

  /** Before the paths of all views but pages, which are at the same address in every tab. */
  readonly #prefix: string

  constructor(options: NavigationOptions) {
    this.#options = options
    this.#prefix = prefixOf(options.window.location.pathname)
    this.route = new Cell(this.#routeHere())
    this.visit = new Cell(this.#visitFor(this.route.get(), options.served))
  }

  /** Call it once, after the first paint. */
  start(): void {
    this.#options.window.addEventListener('popstate', () => this.#enter(this.#routeHere()))
    this.visit.get()?.start()
  }

  /** Shows a view, and adds it to the history. */
  go(route: Route): void {
    const { history, location } = this.#options.window
    const path = (route.view === 'page' ? '' : this.#prefix) + pathOf(route)
    if (path !== location.pathname + location.search + location.hash) history.pushState(null, '', path)
    this.#enter(route)
  }

  /** The address of a held page. That of a private page includes its key, if its link was opened since the last reload. */
  addressOf({ hash, outline, name }: Pick<HeldPage, 'hash' | 'outline' | 'name'>): PageRoute {
    const secret = this.#secrets.get(hash)
    return { view: 'page', hash, ...(outline && { outline }), ...(name && { name }), ...(secret !== undefined && { secret }) }
  }

  /** True on the page of a share that somebody else offers. */
  get isForShare(): boolean {
    const route = this.route.get()
    return route.view === 'receive' && route.link !== undefined
  }

  isPrivate(hash: string): boolean {
    return this.#secrets.has(hash)
  }

  #routeHere(): Route {
    const { pathname, search, hash } = this.#options.window.location
    return routeOf(pathname.slice(prefixOf(pathname).length), search, hash)
  }

  #enter(route: Route): void {
    const before = this.visit.get()
    if (route.view === 'page' && before && pathOf(before.route) === pathOf(route)) return
    before?.end()
    this.#options.parts.screen.clear()
    const visit = this.#visitFor(route)
    this.visit.set(visit)
    this.route.set(route)
    visit?.start()
  }

  #visitFor(route: Route, served?: ServedPage): PageVisit | undefined {
    if (route.view !== 'page') return undefined
    const { parts, onWrong } = this.#options
    const options = { ...parts, ...(served && { served }) }
    const { secret } = route
    if (secret !== undefined) {
      this.#secrets.set(route.hash, secret)
      return new PrivateVisit({ ...options, route: { ...route, secret } })
    }
    const visit = new PublicVisit({ ...options, route })
    visit.state.subscribe((state) => {
      if (state === 'wrong') onWrong(route.hash)
    })
    return visit
  }
}

/** The app as this browser keeps it to open it without a network: registered by the pages under `/app/`, removed by `?unregister` on any page. */

import { Cell } from '../cell.ts'
import { APP_CACHE, APP_HOME, isUnderApp, WORKER_PATH } from './app-paths.ts'

/** 'none': nothing is kept, and the page is not one that keeps it. */
export type KeptState = 'none' | 'keeping' | 'kept' | 'removed' | 'impossible' | 'failed'

interface KeptAppParts {
  location: Pick<Location, 'pathname' | 'search'>
  /** Undefined in pages by plain http from another machine, and where the browser has none. */
  workers: Pick<ServiceWorkerContainer, 'register' | 'getRegistration'> | undefined
  caches: Pick<CacheStorage, 'keys' | 'delete'> | undefined
  locks: Pick<LockManager, 'request'> | undefined
  /** The build of this page. */
  build: string | undefined
}

export class KeptApp {
  readonly state = new Cell<KeptState>('none')
  /** True in the pages under `/app/`. */
  readonly isHere: boolean
  readonly #parts: KeptAppParts

  constructor(parts: KeptAppParts) {
    this.#parts = parts
    this.isHere = isUnderApp(parts.location.pathname)
  }

  /** Keeps the app, or removes it, as the address says. A failure is a state. */
  async start(): Promise<void> {
    const { location } = this.#parts
    try {
      if (new URLSearchParams(location.search).has('unregister')) await this.remove()
      else if (this.isHere) await this.keep()
    } catch {
      this.state.set('failed')
    }
  }

  /** @throws what the browser says: it stores nothing, or the node did not answer */
  async keep(): Promise<void> {
    const { workers, locks, build } = this.#parts
    if (workers === undefined) return this.state.set('impossible')
    this.state.set('keeping')
    // As long as this tab is open, no newer build removes the files of its own.
    if (build !== undefined) void locks?.request(APP_CACHE + build, { mode: 'shared' }, () => new Promise(() => {}))
    const known = await workers.getRegistration(APP_HOME)
    const registration = await workers.register(WORKER_PATH, { scope: APP_HOME, updateViaCache: 'none' }).catch((failure) => {
      if (known?.active) return known // the node is away
      throw failure
    })
    this.state.set((await becomesActive(registration)) ? 'kept' : 'failed')
  }

  /** Removes the worker and the files that it keeps; nothing else. */
  async remove(): Promise<void> {
    const { workers, caches } = this.#parts
    await (await workers?.getRegistration(APP_HOME))?.unregister()
    const names = (await caches?.keys()) ?? []
    await Promise.all(names.filter((name) => name.startsWith(APP_CACHE)).map((name) => caches?.delete(name)))
    this.state.set('removed')
  }
}

function becomesActive(registration: ServiceWorkerRegistration): Promise<boolean> {
  if (registration.active) return Promise.resolve(true)
  const worker = registration.installing ?? registration.waiting
  return new Promise((resolve) => {
    const look = () => {
      if (worker === null || worker.state === 'redundant') resolve(false)
      else if (worker.state === 'activated') resolve(true)
    }
    worker?.addEventListener('statechange', look)
    look()
  })
}

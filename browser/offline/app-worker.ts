/**
 * The service worker of the app under `/app/`, and of nothing else: pages that strangers wrote are at `/<hash>`, which its scope never covers.
 * It keeps the files of one build, so that the app opens without a network, and takes what other apps share with this one.
 */

import { APP_CACHE, APP_HOME, GIVEN_PATH } from './app-paths.ts'
import { keepGiven } from './given.ts'

/** The build fills in these two. */
declare const __APP_BUILD__: string
declare const __APP_FILES__: readonly string[]

/** @see https://w3c.github.io/ServiceWorker/#serviceworkerglobalscope */
interface WorkerEvent extends Event {
  waitUntil(work: Promise<unknown>): void
}

interface RequestEvent extends WorkerEvent {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}

interface WorkerScope {
  readonly clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', listener: (event: WorkerEvent) => void): void
  addEventListener(type: 'fetch', listener: (event: RequestEvent) => void): void
}

const scope = globalThis as unknown as WorkerScope
const CACHE = APP_CACHE + __APP_BUILD__
/** A node that does not answer for so long is as good as none, in ms. */
const ANSWER_MS = 3_000

scope.addEventListener('install', (event) => event.waitUntil(install()))
scope.addEventListener('activate', (event) => event.waitUntil(Promise.all([scope.clients.claim(), removeOldBuilds()])))
scope.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname, searchParams } = new URL(request.url)
  if (origin !== location.origin) return
  if (request.method === 'POST') {
    if (pathname === GIVEN_PATH) event.respondWith(keepGiven(request))
  } else if (request.method === 'GET' && pathname.startsWith('/assets/')) event.respondWith(answerFile(request))
  else if (request.mode === 'navigate' && !searchParams.has('unregister')) event.respondWith(openApp())
})

/** All files or none: a build of which one file is missing would open, and then fail. */
async function install(): Promise<void> {
  const cache = await caches.open(CACHE)
  const home = await fetch(APP_HOME)
  // Else the node was replaced just now: the worker of its new build comes at the next visit.
  if (!home.ok || !(await home.clone().text()).includes(`data-build="${__APP_BUILD__}"`)) throw new Error('The node has another build')
  await cache.addAll([...__APP_FILES__])
  await cache.put(APP_HOME, home)
  await scope.skipWaiting()
}

/** A tab that is open with an older build still loads parts of it: each holds a lock with the name of its build's cache. */
async function removeOldBuilds(): Promise<void> {
  const { held = [] } = await navigator.locks.query()
  const inUse = new Set([CACHE, ...held.map(({ name }) => name)])
  const names = (await caches.keys()).filter((name) => name.startsWith(APP_CACHE) && !inUse.has(name))
  await Promise.all(names.map((name) => caches.delete(name)))
}

/** The document is the same on all pages of the app. A node that answers has the newest. */
async function openApp(): Promise<Response> {
  const fresh = await fetch(APP_HOME, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => undefined)
  if (fresh?.ok) return fresh
  return (await (await caches.open(CACHE)).match(APP_HOME)) ?? fresh ?? Response.error()
}

/** The files have their hashes in their names: whichever build has kept one, it is the right one. */
async function answerFile(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request)
}

/** Names that the app and its service worker share. */

/** The scope of the service worker, which has its script below it: a browser allows it no wider one. */
export const APP_HOME = '/app/'
export const WORKER_PATH = '/app/worker.js'
/** Other apps send what a person shares with this one here; see the manifest. */
export const GIVEN_PATH = '/app/share'
/** Before the build: the cache of its files, and the lock of each tab that uses them. */
export const APP_CACHE = 'mayfly-app-'
/** The cache of what other apps have shared with this one. */
export const GIVEN_CACHE = 'mayfly-given'

export function isUnderApp(pathname: string): boolean {
  return pathname.startsWith(APP_HOME)
}

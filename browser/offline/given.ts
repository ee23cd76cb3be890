/** Files, texts and links that other apps have shared with this one: kept until the person shares them or lets them go. */

import { APP_HOME, GIVEN_CACHE, GIVEN_PATH } from './app-paths.ts'

export const GIVEN_LIMITS = {
  /** Things that wait at once. */
  maxItems: 1_000,
  /** A text, in characters. */
  maxTextCharacters: 1_048_576,
} as const

/** A file, or a text (which may be a link). */
export interface Given {
  /** The name in the cache. */
  id: string
  name: string
  blob: Blob
  isText: boolean
}

type MissedReason = 'full' | 'empty' | 'broken'

/**
 * In the service worker: keeps what was sent, and leads to the page that shows it. Any site can send a form here: nothing is shared before the
 * person says so, and what comes may take no more than half of the room that the browser has left for this origin.
 */
export async function keepGiven(request: Request): Promise<Response> {
  const missed = await keep(request).catch((): MissedReason => 'broken')
  return Response.redirect(GIVEN_PATH + (missed === undefined ? '' : `?missed=${missed}`), 303)
}

async function keep(request: Request): Promise<MissedReason | undefined> {
  const form = await request.formData()
  const files = form.getAll('files').filter((value): value is File => value instanceof File && (value.size > 0 || value.name !== ''))
  const text = textOf(form).slice(0, GIVEN_LIMITS.maxTextCharacters)
  if (files.length === 0 && text === '') return 'empty'
  const cache = await caches.open(GIVEN_CACHE)
  const size = files.reduce((sum, file) => sum + file.size, text.length)
  const { quota = 0, usage = 0 } = await navigator.storage.estimate()
  const count = (await cache.keys()).length + files.length + (text === '' ? 0 : 1)
  if (count > GIVEN_LIMITS.maxItems || size > (quota - usage) / 2) return 'full'
  for (const file of files) await put(cache, file, file.name || 'file')
  if (text !== '') await put(cache, new Blob([text], { type: 'text/plain' }), '')
  return undefined
}

/** Apps send a link as `url`, or in the text. */
function textOf(form: FormData): string {
  const read = (name: string) => {
    const part = form.get(name)
    return typeof part === 'string' ? part.trim() : ''
  }
  const [title, text, url] = [read('title'), read('text'), read('url')]
  const link = text.includes(url) ? '' : url
  // A title beside a link alone is only its name.
  return [text === '' && link !== '' ? '' : title, text, link].filter((part) => part !== '').join('\n')
}

function put(cache: Cache, blob: Blob, name: string): Promise<void> {
  const headers = { 'content-type': blob.type, 'x-name': encodeURIComponent(name) }
  return cache.put(`${APP_HOME}given/${crypto.randomUUID()}`, new Response(blob, { headers }))
}

/** In a page: what waits, oldest first. */
export async function readGiven(): Promise<Given[]> {
  if (typeof caches === 'undefined' || !(await caches.has(GIVEN_CACHE))) return []
  const cache = await caches.open(GIVEN_CACHE)
  const given = await Promise.all((await cache.keys()).map(async (key) => ({ key, kept: await cache.match(key) })))
  return Promise.all(
    given.flatMap(({ key, kept }) => {
      if (kept === undefined) return [] // another tab has taken it
      const name = decodeURIComponent(kept.headers.get('x-name') ?? '')
      return kept.blob().then((blob): Given => ({ id: key.url, name, blob, isText: name === '' }))
    }),
  )
}

export async function dropGiven(given: readonly Pick<Given, 'id'>[]): Promise<void> {
  const cache = await caches.open(GIVEN_CACHE)
  await Promise.all(given.map(({ id }) => cache.delete(id)))
}

/**
 * Answers that are sent as they lie: the headers and the body of a whole GET of small content, by their path. An entry is used only while this
 * peer has the content in memory and may serve it, and only for requests whose headers cannot change the answer. Every other request takes the
 * way of `content-reader.ts`, which makes the entries.
 */

import { createRecentMap } from '../../node/async/recent-map.ts'
import type { ClientAddress, Key, Peer } from '../../node/index.ts'
import type { ReadyAnswer } from '../types.ts'

interface Entry extends ReadyAnswer {
  readonly key: Key
  /** Hex. */
  readonly hash: string
}

interface Whole {
  key: Key
  /** Hex. */
  hash: string
  bytes: Uint8Array
  headers: Readonly<Record<string, string>>
}

const MAX_ENTRIES = 1_024
/** Larger bodies gain little: most of their time is that of their bytes. */
const MAX_BODY_BYTES = 16_384

/**
 * Headers that change nothing in an answer with the whole: neither its bytes nor its headers depend on them, and the rules of HTTP neither. A
 * request that has any other header is not answered from here.
 */
const HARMLESS: ReadonlySet<string> = new Set(
  `accept accept-charset accept-encoding accept-language user-agent connection keep-alive cache-control pragma cookie dnt from priority
  referer save-data sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-mode sec-fetch-site sec-gpc x-forwarded-for x-forwarded-host
  x-forwarded-port x-forwarded-proto x-real-ip forwarded via te`.split(/\s+/),
)
/** Destinations of a browser's request that change the answer. @see ../http/navigation.ts */
const HARMFUL_DESTINATIONS: ReadonlySet<string> = new Set(['document', 'serviceworker'])

/** A host of these forms is certain to be one: any other is judged, or refused, the usual way. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i

export type ReadyAnswers = ReturnType<typeof createReadyAnswers>

interface ReadyAnswersParts {
  content: Pick<Peer['content'], 'isInMemory'>
  /** True for a key, in hex, that the operator refuses to serve. */
  isDenied(hash: string): boolean
  /** True for a client whose limits leave room for an answer at once. */
  isFree(client: ClientAddress): boolean
}

export function createReadyAnswers({ content, isDenied, isFree }: ReadyAnswersParts) {
  /** By request target. Bounded, by MAX_BODY_BYTES too: 16 MiB of bodies. */
  const entries = createRecentMap<string, Entry>({ maxEntries: MAX_ENTRIES, order: 'written' })

  return {
    /** @param path its canonical form: a request with any other target finds no entry */
    remember(path: string, { key, hash, bytes, headers }: Whole): void {
      if (bytes.byteLength > MAX_BODY_BYTES || entries.has(path) || !content.isInMemory(key)) return
      entries.set(path, { key, hash, headers: Object.entries(headers).flat(), body: Buffer.from(bytes).toString('latin1') })
    },
    /** @param rawHeaders names and values of the request's headers in turns, as Node.js has them */
    find(target: string, rawHeaders: readonly string[], client: ClientAddress): ReadyAnswer | undefined {
      const entry = entries.peek(target)
      if (entry === undefined || !isHarmless(rawHeaders) || !isFree(client)) return undefined
      if (content.isInMemory(entry.key) && !isDenied(entry.hash)) return entry
      entries.delete(target)
      return undefined
    },
  }
}

function isHarmless(rawHeaders: readonly string[]): boolean {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? ''
    if (name === 'host') hosts += HOST.test(rawHeaders[at + 1] ?? '') ? 1 : 2
    else if (name === 'sec-fetch-dest') {
      if (HARMFUL_DESTINATIONS.has(rawHeaders[at + 1] ?? '')) return false
    } else if (!HARMLESS.has(name)) return false
  }
  return hosts === 1
}

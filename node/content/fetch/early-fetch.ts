/**
 * Small content over plain HTTP from the gateways that a tab is about to join: for a tab that has no home yet, and could ask nobody else. The bytes
 * are checked by their hash as any others.
 */

import { concatBytes } from '@noble/hashes/utils.js'
import { timeoutSignal } from '../../async/abort.ts'
import { encodeKeyHex, equalBytes, sha256 } from '../../keys/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import type { ContentEvent, ContentLimits, FetchedContent } from '../types.ts'

interface EarlyFetchContext {
  /** Gateways' URLs, and multiaddrs, which are passed over. */
  join?: readonly string[] | undefined
  /** `onHome` hears when there is a home, and returns the function that ends it. */
  presence: { readonly home: unknown; onHome(listener: () => void): () => void }
  limits: Pick<ContentLimits, 'maxPieceBytes'>
  emit(event: ContentEvent): void
}

/** Gateways that are asked, one after the other: a tab has joined by then. */
const MAX_GATEWAYS = 2
/** How long each may take, in ms. */
const MAX_MS = 1_500

export type EarlyFetch = ReturnType<typeof createEarlyFetch>

export function createEarlyFetch({ join = [], presence, limits, emit }: EarlyFetchContext) {
  const gateways = join.filter((address) => /^https?:/i.test(address)).slice(0, MAX_GATEWAYS)

  async function fetchFrom(gateway: string, key: Key, signal: AbortSignal): Promise<FetchedContent | undefined> {
    const url = new URL(`/raw/${encodeKeyHex(key)}`, gateway)
    const { ok, body, headers } = await fetch(url, { signal, credentials: 'omit', referrerPolicy: 'no-referrer' })
    const isSmall = Number(headers.get('content-length') ?? 0) <= limits.maxPieceBytes
    const bytes = ok && isSmall && body !== null ? await readWhole(body, limits.maxPieceBytes) : void (await body?.cancel())
    if (bytes === undefined || !equalBytes(await sha256(bytes), key)) return undefined
    return { key, bytes, from: url.origin }
  }

  /**
   * Undefined for a tab that has a home, or gets one meanwhile, and where no gateway has given the right bytes, which says nothing about holders.
   *
   * @throws signal.reason, when aborted
   */
  return async (key: Key, { signal }: AbortOptions): Promise<FetchedContent | undefined> => {
    if (presence.home !== undefined || gateways.length === 0) return undefined
    const startedAtMs = performance.now()
    const joined = new AbortController()
    const endListening = presence.onHome(() => presence.home !== undefined && joined.abort())
    const signals = signal === undefined ? [joined.signal] : [signal, joined.signal]
    try {
      for (const gateway of gateways) {
        const ending = AbortSignal.any([...signals, timeoutSignal(MAX_MS)])
        const found = await fetchFrom(gateway, key, ending).catch(() => undefined)
        signal?.throwIfAborted()
        if (found !== undefined) {
          const { bytes, from } = found
          emit({ type: 'fetched', key: encodeKeyHex(key), bytes: bytes.byteLength, from, ms: Math.round(performance.now() - startedAtMs) })
        }
        if (found !== undefined || joined.signal.aborted) return found
      }
      return undefined
    } finally {
      endListening()
    }
  }
}

/** Undefined for more than `maxBytes`, of which the rest is not read. */
async function readWhole(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  const reader = body.getReader() // WebKit's streams cannot be iterated
  let left = maxBytes
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    left -= part.value.byteLength
    if (left < 0) return void (await reader.cancel())
    parts.push(part.value)
  }
  return concatBytes(...parts)
}

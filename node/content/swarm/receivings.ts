/** What this peer receives now, by content and outline: one run for each. How one goes is left to `receiving.ts`. */

import { MayflyError } from '../../errors.ts'
import { encodeKeyHex, equalBytes } from '../../keys/index.ts'
import type { Hold } from '../../rendezvous/types.ts'
import type { Key } from '../../types.ts'
import type { FetchedOutline } from '../fetcher.ts'
import { swarmKey } from '../format/swarm-key.ts'
import type { Candidate } from '../protocol/candidate.ts'
import type { ReceiveOptions, Receiving } from '../types.ts'
import { type RunningReceiving, startReceiving } from './receiving.ts'
import type { Swarm } from './swarm.ts'

export interface Receivings {
  /** @throws {MayflyError} ERR_LIMIT */
  receive(key: Key, options: ReceiveOptions): Receiving
  get(key: Key, outline: Key): RunningReceiving | undefined
  /** The outline of what is received under this key, as far as it is known. */
  outlineOf(key: Key): FetchedOutline | undefined
  /** Ends what is received under this key: it is held now. */
  end(key: Key): Promise<void>
  stop(): Promise<void>
}

export interface ReceivingsContext {
  /** @throws {MayflyError} when nobody can give it now */
  findOutline(key: Key, outline: Key, signal: AbortSignal): Promise<FetchedOutline>
  hold(key: Key): Hold
  onCount(key: Key, listener: (count: number, isCertain: boolean) => void): () => void
  openSwarm(found: FetchedOutline): Swarm
  onReceived(key: Key, bytes: number, from: Candidate): void
}

/** Without news it is looked for again after this long, in ms, twice as long each time up to the most. */
const RETRY_MS = 1_000
const MAX_RETRY_MS = 30_000

export function createReceivings(context: ReceivingsContext): Receivings {
  /** By key and outline, hex. Bounded by the caller: each needs a store. */
  const receivings = new Map<string, { key: Key; outline: Key; running: RunningReceiving }>()
  const idOf = (key: Key, outline: Key) => `${encodeKeyHex(key)}:${encodeKeyHex(outline)}`

  /** Resolves when more hold the whole or receive it, and after a while that doubles. */
  function createWait(key: Key, outline: Key) {
    let retryMs = RETRY_MS
    return async (signal: AbortSignal): Promise<void> => {
      const shared = await swarmKey(outline)
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => done(), retryMs)
        retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)
        const done = (reason?: unknown) => {
          clearTimeout(timer)
          for (const end of ends) end()
          signal.removeEventListener('abort', onAbort)
          if (reason === undefined) resolve()
          else reject(reason)
        }
        const onAbort = () => done(signal.reason)
        const ends = [key, shared].map((counted) => {
          let known: number | undefined
          return context.onCount(counted, (count, isCertain) => {
            if (isCertain && count > (known ?? count)) {
              retryMs = RETRY_MS
              done()
            }
            known = isCertain ? count : 0
          })
        })
        if (signal.aborted) onAbort()
        else signal.addEventListener('abort', onAbort, { once: true })
      })
    }
  }

  return {
    receive(key, options) {
      const { outline } = options
      const id = idOf(key, outline)
      if (receivings.has(id)) throw new MayflyError('ERR_LIMIT', 'Cannot receive content: it is being received already')
      const running = startReceiving(
        {
          findOutline: (signal) => context.findOutline(key, outline, signal),
          somebodyComes: createWait(key, outline),
          holdSwarmKey: async () => context.hold(await swarmKey(outline)),
          openSwarm: context.openSwarm,
          onReceived: (bytes, from) => context.onReceived(key, bytes, from),
          onEnd: () => receivings.delete(id),
        },
        options,
      )
      receivings.set(id, { key, outline, running })
      return running
    },
    get: (key, outline) => receivings.get(idOf(key, outline))?.running,
    outlineOf(key) {
      for (const { key: other, running } of receivings.values())
        if (running.found !== undefined && equalBytes(other, key)) return running.found
      return undefined
    },
    async end(key) {
      await Promise.all([...receivings.values()].filter(({ key: other }) => equalBytes(other, key)).map(({ running }) => running.end()))
    },
    async stop() {
      await Promise.all([...receivings.values()].map(({ running }) => running.end()))
    },
  }
}

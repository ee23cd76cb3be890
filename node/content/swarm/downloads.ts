/** The downloads of this peer, one for each content and outline. How one proceeds is left to `download.ts`. */

import { abortable } from '../../async/abort.ts'
import { createBackoff } from '../../async/backoff.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex, equalBytes } from '../../keys/index.ts'
import type { Hold } from '../../rendezvous/types.ts'
import type { Key } from '../../types.ts'
import type { Fetched, FetchedOutline } from '../fetch/fetcher.ts'
import { swarmKey } from '../format/swarm-key.ts'
import type { Candidate } from '../protocol/candidate.ts'
import type { ReceiveOptions, Receiving } from '../types.ts'
import { type Download, startDownload } from './download.ts'
import type { Swarm } from './swarm.ts'

export interface DownloadsContext {
  /** @throws {MayflyError} when no peer can send it now */
  findOutline(key: Key, outline: Key, signal: AbortSignal): Promise<Fetched>
  hold(key: Key): Hold
  onCount(key: Key, listener: (count: number, isCertain: boolean) => void): () => void
  openSwarm(content: FetchedOutline): Swarm
  onReceived(key: Key, bytes: number, from: Candidate): void
}

/** The waits before looking for the outline again, when the counts of holders do not change. */
const RETRY = { firstMs: 1_000, maxMs: 30_000 }

export type Downloads = ReturnType<typeof createDownloads>

export function createDownloads(context: DownloadsContext) {
  /** By key and outline, hex. Bounded by the caller: each needs a store. */
  const downloads = new Map<string, { key: Key; download: Download }>()
  const idOf = (key: Key, outline: Key) => `${encodeKeyHex(key)}:${encodeKeyHex(outline)}`

  async function findOutline(key: Key, outline: Key, signal: AbortSignal): Promise<FetchedOutline> {
    const found = await context.findOutline(key, outline, signal)
    if ('outline' in found && equalBytes(found.outlineHash, outline)) return found
    throw new MayflyError('ERR_UNAVAILABLE', 'Cannot receive content: it has another outline')
  }

  /** Resolves when more peers hold the whole or download it, and otherwise after a wait that grows. */
  function createWait(key: Key, outline: Key) {
    const backoff = createBackoff(RETRY, Math.random)
    return async (signal: AbortSignal): Promise<void> => {
      const shared = await swarmKey(outline)
      await abortable<void>(signal, (resolve) => {
        const timer = setTimeout(resolve, backoff.next())
        const stops = [key, shared].map((counted) => {
          let known: number | undefined
          return context.onCount(counted, (count, isCertain) => {
            if (isCertain && count > (known ?? count)) {
              backoff.reset()
              resolve()
            }
            known = isCertain ? count : 0
          })
        })
        return () => {
          clearTimeout(timer)
          for (const stop of stops) stop()
        }
      })
    }
  }

  async function endAll(isOne: (key: Key) => boolean): Promise<void> {
    await Promise.all([...downloads.values()].filter(({ key }) => isOne(key)).map(({ download }) => download.end()))
  }

  return {
    /** @throws {MayflyError} ERR_LIMIT when it is being downloaded already */
    start(key: Key, options: ReceiveOptions): Receiving {
      const { outline } = options
      const id = idOf(key, outline)
      if (downloads.has(id)) throw new MayflyError('ERR_LIMIT', 'Cannot receive content: it is being received already')
      const download = startDownload(
        {
          findOutline: (signal) => findOutline(key, outline, signal),
          waitForSource: createWait(key, outline),
          holdSwarmKey: async () => context.hold(await swarmKey(outline)),
          openSwarm: context.openSwarm,
          onReceived: (bytes, from) => context.onReceived(key, bytes, from),
          onEnd: () => downloads.delete(id),
        },
        options,
      )
      downloads.set(id, { key, download })
      return download
    },
    get: (key: Key, outline: Key): Download | undefined => downloads.get(idOf(key, outline))?.download,
    /** The outline of a download of this key, once it is known. */
    outlineOf(key: Key): FetchedOutline | undefined {
      for (const { key: other, download } of downloads.values())
        if (download.found !== undefined && equalBytes(other, key)) return download.found
      return undefined
    },
    /** Ends the downloads of this key, because it is held now. */
    end: (key: Key) => endAll((other) => equalBytes(other, key)),
    stop: () => endAll(() => true),
  }
}

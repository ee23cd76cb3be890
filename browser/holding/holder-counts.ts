/**
 * Live counts of the holders of each page that this tab follows. Until the peer has joined, the gateway sends them (server-sent events); from
 * then on the peer watches them itself. `words/count-sentence.ts` puts them into words.
 */

import { onAbort } from '../../node/async/abort.ts'
import type { AbortOptions, HolderCounts as HolderNumbers } from '../../node/index.ts'
import { Cell, firstMatch } from '../cell.ts'
import type { PeerSession } from '../peer/peer-session.ts'

export class HolderCounts {
  readonly #session: PeerSession
  readonly #gateway: string
  /** Holders (tabs and nodes) by hash; absent until the first answer. */
  readonly counts = new Cell<ReadonlyMap<string, number>>(new Map())
  /** The same as people see it: the tabs of one browser are one person. */
  readonly people = new Cell<ReadonlyMap<string, number>>(new Map())
  /** By hash. Bounded by what the tab holds, plus the page on screen. */
  readonly #following = new Map<string, { followers: number; controller: AbortController }>()

  /** @param gateway its URL */
  constructor(session: PeerSession, gateway: string) {
    this.#session = session
    this.#gateway = gateway
  }

  /**
   * Keeps the count of a page up to date.
   *
   * @param options.early also ask the gateway, until the peer has joined: for the page on screen only, since a browser opens few connections
   * @returns a function that ends it
   */
  follow(hash: string, { early = false }: { early?: boolean } = {}): () => void {
    let following = this.#following.get(hash)
    if (following === undefined) {
      following = { followers: 0, controller: new AbortController() }
      this.#following.set(hash, following)
      void this.#watch(hash, following.controller.signal)
    }
    following.followers++
    const endStream = early ? this.#stream(hash, following.controller.signal) : undefined
    let ended = false
    return () => {
      if (ended) return
      ended = true
      endStream?.()
      this.#unfollow(hash)
    }
  }

  /** Resolves with the first count that passes. The page must be followed. @throws signal.reason, when aborted */
  async until(hash: string, passes: (count: number) => boolean, options: AbortOptions = {}): Promise<number> {
    const found = await firstMatch(this.counts, (counts) => counts.has(hash) && passes(counts.get(hash) as number), options)
    return found.get(hash) as number
  }

  #unfollow(hash: string): void {
    const following = this.#following.get(hash)
    if (following === undefined || --following.followers > 0) return
    following.controller.abort()
    this.#following.delete(hash)
    for (const cell of [this.counts, this.people]) cell.update((counts) => new Map([...counts].filter(([other]) => other !== hash)))
  }

  #set(hash: string, { holders, people }: HolderNumbers): void {
    const newest = [
      [this.counts, holders],
      [this.people, people],
    ] as const
    for (const [cell, count] of newest) if (cell.get().get(hash) !== count) cell.update((counts) => new Map(counts).set(hash, count))
  }

  async #watch(hash: string, signal: AbortSignal): Promise<void> {
    try {
      const { decodeKeyHex } = await this.#session.library()
      while (!signal.aborted) {
        const peer = await this.#session.joined({ signal })
        try {
          for await (const counted of peer.rendezvous.watchPeople(decodeKeyHex(hash), { signal })) this.#set(hash, counted)
        } catch {
          // Refused (too many watches) or cut off: the count stays as it was, and the next join tries again.
        }
        await firstMatch(this.#session.connection, ({ state }) => state !== 'joined', { signal })
      }
    } catch {
      // The last follower has left, or the library cannot be loaded, which the connection shows.
    }
  }

  /** Counts from the gateway, until the peer has joined. */
  #stream(hash: string, signal: AbortSignal): () => void {
    const source = new EventSource(new URL(`/api/v1/holders/${hash}`, this.#gateway))
    source.onmessage = ({ data }) => {
      const counted = readHolders(data)
      if (counted !== undefined) this.#set(hash, counted)
    }
    const ended = new AbortController()
    const either = AbortSignal.any([signal, ended.signal])
    onAbort(either, () => source.close())
    firstMatch(this.#session.connection, ({ state }) => state === 'joined', { signal: either }).then(
      () => ended.abort(),
      () => {}, // ended before
    )
    return () => ended.abort()
  }
}

/** A gateway of an older version says nothing of people. */
function readHolders(data: string): HolderNumbers | undefined {
  try {
    const { holders, people = holders } = JSON.parse(data) as { holders?: unknown; people?: unknown }
    return typeof holders === 'number' && typeof people === 'number' ? { holders, people } : undefined
  } catch {
    return undefined
  }
}

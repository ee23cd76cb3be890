/** The count of a key's holders as a gateway pushes it: a server-sent event stream, read as it comes. */

import { readServerSentEvents } from '../../node/cli/fetch/server-sent-events.ts'

export class HolderCount {
  readonly #stop: AbortController
  readonly #reading: Promise<void>
  readonly #listeners = new Set<(count: number) => void>()
  #newest: number | undefined

  private constructor(response: Response, stop: AbortController) {
    this.#stop = stop
    this.#reading = this.#read(response)
  }

  static async watch(url: string, hash: string): Promise<HolderCount> {
    const stop = new AbortController()
    const response = await fetch(`${url}/api/v1/holders/${hash}`, { headers: { accept: 'text/event-stream' }, signal: stop.signal })
    if (!response.ok) throw new Error(`holders: ${response.status}`)
    return new HolderCount(response, stop)
  }

  /** Newest count that was received. */
  get newest(): number | undefined {
    return this.#newest
  }

  /**
   * Resolves with the time at which it was told this count, by `performance.now()`.
   *
   * @throws when it is not told in time
   */
  async when(count: number, timeoutMs: number): Promise<number> {
    if (this.#newest === count) return performance.now()
    const told = Promise.withResolvers<number>()
    const timer = setTimeout(() => told.reject(new Error(`the count was not ${count} within ${timeoutMs} ms`)), timeoutMs)
    const listener = (newest: number) => newest === count && told.resolve(performance.now())
    this.#listeners.add(listener)
    try {
      return await told.promise
    } finally {
      clearTimeout(timer)
      this.#listeners.delete(listener)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#reading
  }

  async #read(response: Response): Promise<void> {
    if (response.body === null) return
    try {
      for await (const { data } of readServerSentEvents(response.body)) this.#readCount(data)
    } catch {
      // Ended by the watcher.
    }
  }

  #readCount(data: string): void {
    const { holders } = JSON.parse(data) as { holders: number }
    this.#newest = holders
    for (const listener of [...this.#listeners]) listener(holders)
  }
}

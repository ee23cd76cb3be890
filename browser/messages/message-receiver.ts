/**
 * Receives messages to this origin's address and to the open ends that it listens to. One tab of the browser receives at a time: leader election
 * by a Web Lock, so that another tab takes over when that one is closed. Without Web Locks every tab receives; the inbox keeps each message once.
 */

import { onAbort } from '../../node/async/abort.ts'
import type { Kept, Message, MessageSecret, Messages, Tap, TapRule } from '../../node/index.ts'
import { Cell, type ReadableCell } from '../cell.ts'
import type { EndSettings } from './end-settings.ts'

interface MessageReceiverOptions {
  messages: Pick<Messages, 'tap'>
  secret: MessageSecret
  /** The hashname of `secret`; undefined where this browser cannot open what is sealed for it. */
  hashname: string | undefined
  /** Open ends. A muted one is not tapped. */
  ends: ReadableCell<readonly EndSettings[]>
  keep(end: string, messages: Message[]): Promise<Kept[]>
  /** Undefined where the browser has none. */
  locks: Pick<LockManager, 'request'> | undefined
}

/** 'elsewhere': another tab of this browser receives, and this one waits to take over. */
export type ReceiverState = 'beginning' | 'here' | 'elsewhere'

const LOCK = 'mayfly:receiver'

export class MessageReceiver {
  readonly state = new Cell<ReceiverState>('beginning')
  /** Why an end cannot be tapped, by end. Bounded by the ends. */
  readonly problems = new Cell<ReadonlyMap<string, unknown>>(new Map())
  readonly #options: MessageReceiverOptions
  /** By end, with its rules. Bounded by the ends. */
  readonly #taps = new Map<string, { tap: Tap; rules: string }>()

  constructor(options: MessageReceiverOptions) {
    this.#options = options
  }

  /**
   * Call it once. The browser passes the lock to another tab when this document ends, or the signal is aborted.
   */
  start(signal: AbortSignal): void {
    const { locks } = this.#options
    if (locks === undefined) return void this.#receive(signal)
    const wait = () => {
      if (this.state.get() !== 'here') this.state.set('elsewhere')
      return locks.request(LOCK, { signal }, () => this.#receive(signal))
    }
    locks
      .request(LOCK, { ifAvailable: true }, (lock) => (lock === null ? undefined : this.#receive(signal)))
      .then(wait)
      .catch(() => {}) // aborted
  }

  /** Resolves when the signal is aborted and the taps are closed: then the browser releases the lock. */
  #receive(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    this.state.set('here')
    const unfollow = this.#options.ends.subscribe(() => this.#followEnds())
    this.#followEnds()
    return new Promise((resolve) => {
      onAbort(signal, () => {
        unfollow()
        void Promise.allSettled([...this.#taps.values()].map(({ tap }) => tap.close())).then(() => resolve())
      })
    })
  }

  #followEnds(): void {
    const { hashname, ends } = this.#options
    const open = ends.get().filter(({ policy }) => policy !== 'muted')
    const own = hashname === undefined ? [] : [[hashname, []] as const]
    const wanted = new Map<string, readonly TapRule[]>([...own, ...open.map(({ end, rules }) => [end, rules] as const)])
    for (const [end, { tap, rules }] of [...this.#taps]) {
      if (JSON.stringify(wanted.get(end)) === rules) continue
      this.#taps.delete(end)
      void tap.close()
    }
    for (const [end, rules] of wanted) if (!this.#taps.has(end)) this.#tap(end, rules)
    for (const end of this.problems.get().keys()) if (!wanted.has(end)) this.#setProblem(end, undefined)
  }

  #tap(end: string, rules: readonly TapRule[]): void {
    const { messages, secret, keep } = this.#options
    try {
      const tap = messages.tap(end, { secret, rules, keep: (arrived) => keep(end, arrived) })
      this.#taps.set(end, { tap, rules: JSON.stringify(rules) })
      tap.ready.then(
        () => this.#setProblem(end, undefined),
        (problem: unknown) => this.#taps.get(end)?.tap === tap && this.#setProblem(end, problem),
      )
    } catch (problem) {
      this.#setProblem(end, problem)
    }
  }

  #setProblem(end: string, problem: unknown): void {
    if (problem === undefined && !this.problems.get().has(end)) return
    this.problems.update((before) => {
      const after = new Map(before)
      if (problem === undefined) after.delete(end)
      else after.set(end, problem)
      return after
    })
  }
}

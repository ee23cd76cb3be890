/**
 * Is there for this origin's address and for the open ends that it listens to: in one tab of the browser at a time, and in the next when
 * that one closes. Where messages are kept is handed in.
 */

import type { Kept, Message, MessageSecret, Messages, Tap } from '../../node/index.ts'
import { Cell, type ReadableCell } from '../cell.ts'

export interface ReceivingOptions {
  messages: Pick<Messages, 'tap'>
  secret: MessageSecret
  /** Of the secret. */
  hashname: string
  ends: ReadableCell<readonly string[]>
  keep(end: string, messages: Message[]): Promise<Kept[]>
  locks: Pick<LockManager, 'request'>
}

/** 'elsewhere': another tab of this browser receives, and this one is ready to take over. */
export type ReceivingState = 'beginning' | 'here' | 'elsewhere'

const LOCK = 'mayfly:receiver'

export class Receiving {
  readonly state = new Cell<ReceivingState>('beginning')
  /** Why an end cannot be listened to, by end. Bounded by the ends. */
  readonly problems = new Cell<ReadonlyMap<string, unknown>>(new Map())
  readonly #options: ReceivingOptions
  /** By end. Bounded by the ends. */
  readonly #taps = new Map<string, Tap>()

  constructor(options: ReceivingOptions) {
    this.#options = options
  }

  /** To be called once. The lock goes to another tab when this document ends. */
  start(): void {
    const { locks } = this.#options
    const wait = () => {
      if (this.state.get() !== 'here') this.state.set('elsewhere')
      return locks.request(LOCK, () => this.#receive())
    }
    void locks.request(LOCK, { ifAvailable: true }, (lock) => (lock === null ? undefined : this.#receive())).then(wait)
  }

  /** Never ends: the lock is given back by the browser. */
  #receive(): Promise<never> {
    this.state.set('here')
    this.#options.ends.subscribe(() => this.#followEnds())
    this.#followEnds()
    return new Promise(() => {})
  }

  #followEnds(): void {
    const { hashname, ends } = this.#options
    const wanted = new Set([hashname, ...ends.get()])
    for (const end of wanted) if (!this.#taps.has(end)) this.#tap(end)
    for (const [end, tap] of [...this.#taps]) {
      if (wanted.has(end)) continue
      this.#taps.delete(end)
      this.#setProblem(end, undefined)
      void tap.close()
    }
  }

  #tap(end: string): void {
    const { messages, secret, keep } = this.#options
    try {
      const tap = messages.tap(end, { secret, keep: (arrived) => keep(end, arrived) })
      this.#taps.set(end, tap)
      tap.ready.then(
        () => this.#setProblem(end, undefined),
        (problem: unknown) => this.#setProblem(end, problem),
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

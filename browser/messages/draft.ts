/** What a person is writing: to whom, what, and in answer to which message. Kept while looking at another view. */

import { Cell, type ReadableCell } from '../cell.ts'

export interface DraftState {
  /** An end, as it is written. */
  to: string
  text: string
  /** The id of the message that it answers, hex. */
  answers?: string
}

const EMPTY: DraftState = { to: '', text: '' }

export class Draft {
  readonly #state = new Cell<DraftState>(EMPTY)

  get state(): ReadableCell<DraftState> {
    return this.#state
  }

  /** An answer goes to who was answered: to somebody else it is a new message. */
  address(to: string): void {
    this.#state.update(({ text }) => ({ to, text }))
  }

  write(text: string): void {
    this.#state.update((before) => ({ ...before, text }))
  }

  answer(to: string, id: string): void {
    this.#state.update(({ text }) => ({ to, text, answers: id }))
  }

  /** After it was sent: the next one probably goes to the same receiver. */
  clear(): void {
    this.#state.update(({ to }) => ({ to, text: '' }))
  }
}

/** The message that a person is writing. It is kept while another view is on screen. */

import { Cell } from '../cell.ts'

interface DraftState {
  /** The end, as the person wrote it. */
  to: string
  text: string
  /** Id of the message that it answers, hex. */
  answers?: string
}

export class Draft {
  readonly state = new Cell<DraftState>({ to: '', text: '' })

  /** Changes the receiver. An answer to somebody else becomes a new message. */
  address(to: string): void {
    this.state.update(({ text }) => ({ to, text }))
  }

  write(text: string): void {
    this.state.update((before) => ({ ...before, text }))
  }

  answer(to: string, id: string): void {
    this.state.update(({ text }) => ({ to, text, answers: id }))
  }

  /** Clears the text after it was sent. The receiver stays: the next message probably goes there too. */
  clear(): void {
    this.state.update(({ to }) => ({ to, text: '' }))
  }
}

/** The message that a person is writing. It is kept while another view is on screen, and over a reload of the tab. */

import { Cell } from '../cell.ts'
import { keepDraft, keptDraft, type SessionStore } from '../peer/tab-session.ts'

interface DraftState {
  /** The end, as the person wrote it. */
  to: string
  text: string
  /** Id of the message that it answers, hex. */
  answers?: string
}

const DRAFT = 'message'

export class Draft {
  readonly state: Cell<DraftState>

  constructor(store: SessionStore) {
    this.state = new Cell(parseDraft(keptDraft(store, DRAFT)))
    this.state.subscribe((state) => keepDraft(store, DRAFT, state.to + state.text === '' ? '' : JSON.stringify(state)))
  }

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

  /** Clears a text that was sent, unless another was begun meanwhile. The receiver stays: the next message probably goes there too. */
  clear(sent: string): void {
    this.state.update((now) => (now.text === sent ? { to: now.to, text: '' } : now))
  }
}

function parseDraft(kept: string): DraftState {
  try {
    const { to, text, answers } = JSON.parse(kept) as Partial<DraftState>
    if (typeof to === 'string' && typeof text === 'string') return { to, text, ...(typeof answers === 'string' && { answers }) }
  } catch {
    // None was kept.
  }
  return { to: '', text: '' }
}

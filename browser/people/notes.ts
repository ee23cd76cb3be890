/**
 * Notes: a few words, or a link, that a contact who is here reads at once, if they agree to it. Nothing stores them: they go with the tab that
 * shows them. Text that has to arrive while nobody is there is a message (messages/).
 */

import type { AbortOptions, Answer, People, Schema } from '../../node/index.ts'
import { Cell } from '../cell.ts'
import type { Consents } from './consents.ts'

export interface Note {
  /** The alias of its sender, as it was when the note came. */
  from: string
  text: string
  atMs: number
}

export type NoteOutcome = 'read' | 'refused' | 'not answered' | 'busy' | 'not here' | 'no reader' | 'failed'

export const NOTE_LIMITS = {
  /** UTF-16 code units of a note, as a browser's field counts them. */
  maxLength: 2_000,
  /** Notes that a tab shows, oldest out first. */
  maxShown: 20,
} as const

const NOTE_MODULE = 'mayfly-note'
/** How long a note waits until somebody agrees to read it, in ms: its reader may be in another window. */
const ANSWER_MS = 300_000

/** How a contact's instances have answered: what the first of these says counts, since its other tabs may know less. */
const OUTCOMES: readonly [string, NoteOutcome][] = [
  ['ERR_REFUSED', 'refused'],
  ['ERR_TIMEOUT', 'not answered'],
  ['ERR_BUSY', 'busy'],
  ['ERR_LEFT', 'not here'],
  ['ERR_NO_MODULE', 'no reader'],
]

export type Notes = ReturnType<typeof openNotes>

export function openNotes(people: Pick<People, 'module' | 'get'>, consents: Pick<Consents, 'consentTo'>) {
  const received = new Cell<readonly Note[]>([])
  const show = ({ text }: { text: string }, from: string) =>
    received.update((notes) => [...notes, { from, text, atMs: Date.now() }].slice(-NOTE_LIMITS.maxShown))

  const end = people.module(
    NOTE_MODULE,
    (note, { caller }) => {
      show(note as { text: string }, caller.alias ?? 'Another browser of yours')
      return null
    },
    { consent: consents.consentTo(NOTE_MODULE), input: NOTE, timeoutMs: ANSWER_MS, maxCallsPerCaller: 1 },
  )

  return {
    received,
    dismiss: (note: Note) => received.update((notes) => notes.filter((each) => each !== note)),
    /**
     * Gives the note to the tabs of a contact. The first that takes it, or whose person refuses it, decides.
     *
     * @throws signal.reason, when aborted: the question goes from the contact's screen
     */
    async send(account: string, text: string, { signal }: AbortOptions = {}): Promise<NoteOutcome> {
      const codes = new Set<string>()
      try {
        const waiting = { timeoutMs: ANSWER_MS, ...(signal && { signal }) }
        for await (const answer of people.get(account).message(NOTE_MODULE, { text }, waiting)) {
          if ('value' in answer) return 'read'
          codes.add(answer.error.code)
          if (isFinal(answer)) break
        }
      } catch (error) {
        signal?.throwIfAborted()
        if ((error as { code?: unknown }).code === 'ERR_NOBODY') return 'not here'
        throw error
      }
      return OUTCOMES.find(([code]) => codes.has(code))?.[1] ?? 'failed'
    },
    end,
  }
}

const isFinal = (answer: Answer) => 'error' in answer && answer.error.code === 'ERR_REFUSED'

const NOTE: Schema<{ text: string }> = {
  '~standard': {
    version: 1,
    vendor: 'mayfly',
    validate(value) {
      const { text } = Object(value) as { text?: unknown }
      if (typeof text === 'string' && text.trim() !== '' && text.length <= NOTE_LIMITS.maxLength) return { value: { text } }
      return { issues: [{ message: `expected 1 to ${NOTE_LIMITS.maxLength} characters`, path: ['text'] }] }
    },
  },
}
